import { milliseconds } from '../../contract/duration.ts';
import { MeshError } from '../../contract/errors.ts';
import { toFailure } from '../../contract/failure.ts';
import type { Json } from '../../contract/json.ts';
import type { WorkflowContext } from '../context.ts';
import type { BranchCall, BranchInput, LatePolicy } from '../entry.ts';
import type { Branch, Branches, GatherOptions, Tolerance } from '../gathering.ts';
import type { Scope, StepCode } from '../scope.ts';
import { command, outputOf, stableOutput } from './call.ts';
import { retryPolicy } from './retry-policy.ts';

const LATE_POLICIES: ReadonlySet<LatePolicy> = new Set(['ignore', 'record', 'compensate']);

export function gather(scope: Scope): WorkflowContext['gather'] {
  return <Given extends Branches>(given: Given, options: GatherOptions = {}) => {
    const { lateReplies: late = 'compensate', deadline, quorum, concurrency } = options;
    if (!LATE_POLICIES.has(late)) throw new TypeError(`lateReplies is ${String(late)}, which is no policy`);
    const deadlineMs = deadline === undefined ? undefined : milliseconds(deadline, 'deadline');
    const rules = rulesOf(options, given.length);
    const calls = new Calls();
    const kinds = given.map((branch) => calls.of(branch));
    let id = '';
    const code = (position: number): StepCode | undefined => {
      const branch = given[position];
      return branch && branchCode(scope, branch, `${id}/${position}`);
    };
    return scope.step({
      op: 'gather',
      name: nameOf(given),
      begin: (step) => {
        id = step;
        return {
          branches: given.map((branch, at) => inputOf(scope, branch, kinds[at] ?? 0, `${step}/${at}`)),
          calls: calls.list,
          ...rules,
          late,
          counted: 'once' as const,
          ...(quorum !== undefined && { quorum }),
          ...(concurrency !== undefined && { concurrency }),
          ...(deadlineMs !== undefined && { deadlineAt: scope.ledger.time + deadlineMs }),
        };
      },
      refuse: (refused) => ({
        branches: given.map((_, at) => ({ ...(kinds[at] ? { of: kinds[at] } : {}), refused })),
        calls: calls.list,
        ...rules,
        late,
        counted: 'once' as const,
        ...(quorum !== undefined && { quorum }),
      }),
      decode: (value) => gathered(scope, given, value) as never,
      branch: (position) => code(Number(position)),
    });
  };
}

/** What branches have in common stands in the history once. */
class Calls {
  readonly list: BranchCall[] = [];
  readonly #known = new Map<unknown, Map<unknown, number>>();

  of({ ref, options }: Branch): number {
    const ofRef = this.#known.get(ref) ?? new Map<unknown, number>();
    this.#known.set(ref, ofRef);
    const known = ofRef.get(options);
    if (known !== undefined) return known;
    const { timeout, retry, compensate } = options;
    this.list.push({
      agent: ref.agent,
      name: ref.type,
      ...(timeout !== undefined && { timeoutMs: milliseconds(timeout, 'timeout') }),
      ...(retry && { retry: retryPolicy(retry) }),
      ...(compensate && { undo: { agent: compensate.with.agent, name: compensate.with.type } }),
    });
    ofRef.set(options, this.list.length - 1);
    return this.list.length - 1;
  }
}

function inputOf(scope: Scope, branch: Branch, of: number, id: string): BranchInput {
  const what = of === 0 ? {} : { of };
  try {
    const input = command(scope, branch.ref, branch.input);
    // Made before anything is dispatched, as for any call (I8).
    const undo = branchCode(scope, branch, id).undoInput?.(undefined);
    return { ...what, in: input, ...(undo !== undefined && { undo }) };
  } catch (error) {
    return { ...what, refused: toFailure(error, 'WorkflowFailed') };
  }
}

/** The functions of one branch. */
function branchCode(scope: Scope, { ref, input, options }: Branch, stepId: string) {
  const { compensate } = options;
  return {
    decode: (output: Json | undefined) => outputOf(ref, output),
    stable: (output: Json | undefined) => stableOutput(ref, output),
    ...(compensate && {
      undoInput: (output: Json | undefined) =>
        command(
          scope,
          compensate.with,
          compensate.input({ input: input as never, output: output as never, stepId }),
        ),
    }),
  };
}

/** The rule of completion as whole numbers. Throws a `TypeError` for one that makes no sense. */
function rulesOf(
  { quorum, tolerate, concurrency }: GatherOptions,
  total: number,
): { readonly tolerated: number } {
  const whole = (what: string, value: number | undefined, least: number, most: number) => {
    if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most))
      throw new TypeError(`${what} is ${value}, which is not a whole number from ${least} to ${most}`);
  };
  whole('quorum', quorum, 1, total);
  whole('concurrency', concurrency, 1, 1_000);
  return { tolerated: toleratedOf(tolerate, total, quorum === undefined ? 0 : total - quorum) };
}

/** How many of `total` may fail. Throws a `TypeError` for a tolerance that is none. */
function toleratedOf(tolerate: Tolerance | undefined, total: number, otherwise: number): number {
  if (!tolerate) return otherwise;
  const { failures = total, share = 1 } = tolerate;
  if (!(failures >= 0))
    throw new TypeError(`tolerate.failures is ${failures}, which is no number of failures`);
  if (!(share >= 0 && share <= 1))
    throw new TypeError(`tolerate.share is ${share}, which is not from 0 to 1`);
  return Math.min(Math.floor(failures), Math.floor(share * total), total);
}

function nameOf(given: Branches): string {
  const names = [...new Set(given.map(({ ref }) => ref.type))];
  return names.length > 3
    ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
    : names.join(', ') || 'nothing';
}

interface Recorded {
  readonly reason: string;
  readonly branches: readonly { readonly status: string; readonly output?: Json }[];
}

function gathered({ payloads }: Scope, given: Branches, value: Json | undefined) {
  const { reason, branches } = value as unknown as Recorded;
  if (branches.length !== given.length) {
    const message = `the history holds a gather of ${branches.length} branches, the code issued ${given.length}`;
    throw new MeshError('NonDeterministic', message);
  }
  const outputs: unknown[] = [];
  const outcomes = branches.map((outcome, position) => {
    const branch = given[position];
    if (outcome.status !== 'done' || !branch) return outcome;
    const output = outputOf(branch.ref, payloads.checkOut(outcome.output ?? null));
    outputs.push(output);
    return { status: 'done', output };
  });
  return { reason, branches: outcomes, outputs };
}
