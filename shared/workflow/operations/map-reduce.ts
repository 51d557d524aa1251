import { payloadBytes } from '../../contract/claim-check.ts';
import { milliseconds } from '../../contract/duration.ts';
import { MeshError } from '../../contract/errors.ts';
import { toFailure } from '../../contract/failure.ts';
import { type Json, toJson } from '../../contract/json.ts';
import type { WorkflowContext } from '../context.ts';
import type { MapReduceEntry, StageEntry } from '../entry.ts';
import type { Tolerance } from '../gathering.ts';
import type { MapReduced, Stage } from '../map-reducing.ts';
import type { Scope, StepCode } from '../scope.ts';
import { checkCommand, checkSize, outputOf, stableOutput } from './call.ts';
import { retryPolicy } from './retry-policy.ts';

export function mapReduce(scope: Scope): WorkflowContext['mapReduce'] {
  return ({ items, read, map, reduce, ...options }) => {
    const { shardSize = 100, concurrency = 100, fanIn = 10, timeout, retry, tolerate } = options;
    whole('shardSize', shardSize, 1, 100_000);
    whole('concurrency', concurrency, 1, 1_000);
    whole('fanIn', fanIn, 2, 100);
    const allowed = toleranceOf(tolerate);
    const timeoutMs = timeout === undefined ? undefined : milliseconds(timeout, 'timeout');
    const policy = retry && retryPolicy(retry);
    const { contract } = scope;
    const shardsOf = (given: readonly Json[]) => {
      for (let from = 0; from < given.length; from += shardSize)
        checkCommand(contract, map.ref, { ...map.with, items: given.slice(from, from + shardSize) });
    };
    const resultOf = (output: Json | undefined) => outputOf(reduce.ref, output);
    const entire = (output: Json | undefined) => output && scope.payloads.checkOut(output);
    return scope.step({
      op: 'mapReduce',
      name: map.ref.type,
      begin: () => ({
        ...rules(),
        ...((): Pick<MapReduceEntry, 'items' | 'itemsIn' | 'refused'> => {
          try {
            for (const stage of [map, reduce, ...(read ? [read] : [])]) called(scope, stage);
            if (!items) return {};
            const given = jsonItems(map, items);
            shardsOf(given);
            return itemsOf(scope, given, `the items of ${map.ref.type}`);
          } catch (error) {
            return { refused: toFailure(error, 'WorkflowFailed') };
          }
        })(),
      }),
      refuse: (refused) => ({ ...rules(), refused }),
      decode: (value) => {
        const made = value as unknown as MapReduced<never>;
        return {
          ...made,
          result: made.result === undefined ? undefined : resultOf(entire(made.result)),
        } as never;
      },
      branch: (id): StepCode => {
        if (id.startsWith('r'))
          return { decode: resultOf, stable: (output) => stableOutput(reduce.ref, output) };
        if (!id.startsWith('p')) return { decode: (output) => outputOf(map.ref, output) };
        return { decode: (output) => read && pageOf(scope, read, output, shardsOf) };
      },
    });

    function rules() {
      return {
        ...{ shardSize, concurrency, fanIn, ...allowed, most: contract.limits.inlineBytes },
        ...{ map: entryOf(map), reduce: entryOf(reduce) },
        ...(read && { read: entryOf(read) }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(policy && { retry: policy }),
      };
    }
  };
}

const entryOf = ({ ref, with: constant }: Stage<never>): StageEntry => ({
  agent: ref.agent,
  name: ref.type,
  with: toJson(
    constant,
    'SchemaMismatch',
    `what all inputs of ${ref.type} have in common`,
  ) as StageEntry['with'],
  ...(ref.claimCheckBytes !== undefined && { claim: ref.claimCheckBytes }),
});

function jsonItems({ ref }: Stage<never>, items: readonly unknown[]): Json[] {
  return toJson([...items], 'SchemaMismatch', `the items of ${ref.type}`) as Json[];
}

/** The items as the history holds them: inline, unless they are too large for that and the contract lets them go by claim check. */
function itemsOf({ contract, payloads }: Scope, items: Json[], what: string) {
  const { inlineBytes, claimCheckBytes } = contract.limits;
  const bytes = payloadBytes(items);
  if (bytes <= inlineBytes || claimCheckBytes === 0) return { items };
  return { itemsIn: { payload: payloads.checkIn(items, contract.limits, what), count: items.length } };
}

/** Throws where the contract does not let the agent be commanded. */
function called({ contract }: Scope, { ref }: Stage<never>): void {
  if (ref.agent === contract.name || contract.calls.includes(ref.agent)) return;
  const message = `${contract.name} commands ${ref.agent}, which its contract does not list in calls`;
  throw new MeshError('CallNotDeclared', message, { field: 'calls' });
}

/** Holds a page against what is made of it: of shards that can't be sent nothing is sent. */
function pageOf(
  scope: Scope,
  { ref }: Stage<never>,
  output: Json | undefined,
  shardsOf: (items: readonly Json[]) => void,
): unknown {
  const page = outputOf(ref, output);
  const { items, next } = (output ?? {}) as { items?: Json; next?: Json };
  const wrong = (field: string) =>
    new MeshError('OutputInvalid', `the output of ${ref.type} is no page: ${field}`, { field });
  if (!Array.isArray(items)) throw wrong('items');
  if (next !== undefined && next !== null && typeof next !== 'string') throw wrong('next');
  checkSize(output ?? null, scope.contract.limits, `a page of ${ref.type}`);
  shardsOf(items);
  return page;
}

function toleranceOf({ failures, share }: Tolerance = {}): {
  readonly failures?: number;
  readonly share?: number;
} {
  if (failures !== undefined && !(failures >= 0))
    throw new TypeError(`tolerate.failures is ${failures}, which is no number of failures`);
  if (share !== undefined && !(share >= 0 && share <= 1))
    throw new TypeError(`tolerate.share is ${share}, which is not from 0 to 1`);
  return {
    // JSON knows no infinity.
    ...(failures !== undefined && { failures: Math.min(failures, Number.MAX_SAFE_INTEGER) }),
    ...(share !== undefined && { share }),
  };
}

function whole(what: string, value: number, least: number, most: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= most))
    throw new TypeError(`${what} is ${value}, which is not a whole number from ${least} to ${most}`);
}
