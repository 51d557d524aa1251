import type { UpdateSpec } from '../contract/agent.ts';
import { MeshError } from '../contract/errors.ts';
import { type Failure, toFailure } from '../contract/failure.ts';
import { toJson } from '../contract/json.ts';
import { parseAs } from '../contract/parse.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import { REPLY_BYTES, type Reply } from '../contract/reply.ts';
import { updateNotDeclared, updateSpecOf } from '../contract/run-target.ts';
import { stableValue } from '../contract/stable-value.ts';
import type { WorkflowContext } from './context.ts';
import type { Updated } from './entry.ts';
import { UpdateStep } from './operations/update-step.ts';
import type { Details, Scope } from './scope.ts';

/** The answer to an update that is inline: what is larger goes by claim check, so that it can stand in a document. */
const INLINE_BYTES = 100_000;

interface Handler {
  readonly spec: UpdateSpec;
  handle(input: never): unknown;
  validate?(input: never): void;
}

/** What updates need of the run that they are for. */
export interface UpdatedRun extends Pick<Scope, 'contract' | 'payloads'> {
  readonly ledger: {
    readonly updates: { readonly waiting: readonly Updated[] };
    readonly steps: ReadonlyMap<string, unknown>;
  };
  readonly workflow: string;
  /** Begins a step of the code. Undefined: it can begin none any more. */
  begin<Name extends 'update' | 'answer'>(
    op: Name,
    name: string,
    details: () => Details<Name>,
  ): string | undefined;
  /** Whether the code can begin steps. */
  readonly going: boolean;
  /** Runs code of the workflow that no scope holds. */
  enter(run: () => Promise<void>): void;
  /** Runs code of the workflow that may only look: replay does not run it again. */
  look(run: () => void): void;
  /** The code can't go on with what the history holds. */
  park(failure: Failure): void;
}

/**
 * The handlers of a run's updates, `wf.onUpdate`. An update that came waits until its handler is there; then it is accepted or refused by
 * an entry of the history, before the handler does anything, and what the handler answers is an entry too. So replay runs the same handlers
 * at the same places, and asks no `validate` again.
 */
export class Updates {
  readonly #run: UpdatedRun;
  readonly #handlers = new Map<string, Handler>();
  #underWay = 0;

  constructor(run: UpdatedRun) {
    this.#run = run;
  }

  /** Whether the code may be waiting for an update. */
  get awaited(): boolean {
    return this.#handlers.size > 0;
  }

  /** Whether a handler is at an update: one that ends in the same turn as the workflow is to answer before it. */
  get answering(): boolean {
    return this.#underWay > 0;
  }

  readonly on: WorkflowContext['onUpdate'] = (ref, name, handle, { validate } = {}) => {
    const { contract, workflow } = this.#run;
    if (ref.agent !== contract.name || ref.name !== workflow) {
      const message = `wf.onUpdate was given ${ref.type}, in the workflow ${contract.name}.${workflow}`;
      throw new MeshError('ArgumentInvalid', message, { field: 'ref' });
    }
    const spec = updateSpecOf(ref.updates, name);
    if (!spec) throw updateNotDeclared(ref.type, name);
    this.#handlers.set(name, { spec, handle, ...(validate && { validate }) });
    if (!this.#run.going) return;
    for (const update of this.#run.ledger.updates.waiting) if (update.name === name) this.came(update);
  };

  /** An update came: its handler begins, where there is one. */
  came(update: Updated): void {
    const handler = this.#handlers.get(update.name);
    if (handler && this.#run.ledger.updates.waiting.includes(update)) this.#accept(update, handler);
  }

  #accept(update: Updated, handler: Handler): void {
    const { spec, validate } = handler;
    const { id, name } = update;
    const parsed = () => {
      const input = update.input && this.#run.payloads.checkOut(update.input);
      return parseAs(spec.input, input, 'SchemaMismatch', `the input of the update "${name}"`) as never;
    };
    const step = this.#run.begin('update', name, () => {
      try {
        const input = parsed();
        this.#run.look(() => validate?.(input));
        return { update: id };
      } catch (error) {
        return { update: id, refused: refusal(error) };
      }
    });
    const begun = step === undefined ? undefined : this.#run.ledger.steps.get(step);
    if (!(begun instanceof UpdateStep) || begun.entry.refused || step === undefined) return;
    let input: never;
    try {
      input = parsed();
    } catch (error) {
      // It fitted when it was accepted: the schema has changed since.
      this.#run.park(toFailure(error));
      return;
    }
    this.#underWay += 1;
    this.#run.enter(async () => {
      const reply = await this.#answer(handler, input, name);
      this.#underWay -= 1;
      this.#run.begin('answer', name, () => ({ update: id, of: step, reply: reply() }));
    });
  }

  /** The answer, to be made only where it is new. */
  async #answer({ handle, spec }: Handler, input: never, name: string): Promise<() => Reply> {
    try {
      const output = await handle(input);
      return () => this.#reply(spec, output, name);
    } catch (error) {
      return () => ({ ok: false, error: toFailure(error, 'WorkflowFailed') });
    }
  }

  #reply({ output: schema }: UpdateSpec, given: unknown, name: string): Reply {
    const { contract, workflow, payloads } = this.#run;
    const what = `the answer to the update "${name}"`;
    try {
      const plain = schema ? toJson(given, 'OutputInvalid', what) : null;
      const output = schema ? (stableValue(schema, plain, 'OutputInvalid', what) ?? null) : null;
      const { inlineBytes, claimCheckBytes } = takenLimits(contract, `${contract.name}.${workflow}`);
      const limits = {
        inlineBytes: Math.min(inlineBytes - REPLY_BYTES, INLINE_BYTES),
        claimCheckBytes: Math.max(claimCheckBytes, inlineBytes),
      };
      return { ok: true, output: payloads.checkIn(output, limits, what) };
    } catch (error) {
      return { ok: false, error: toFailure(error, 'OutputInvalid') };
    }
  }
}

/** What `validate` throws is a refusal, whatever it is. */
function refusal(error: unknown): Failure {
  return error instanceof MeshError ? toFailure(error) : { ...toFailure(error), code: 'Rejected' };
}
