import type { MessageRef } from '../contract/agent.ts';
import type { Duration } from '../contract/duration.ts';
import type { Failure } from '../contract/failure.ts';
import type { StepRetry } from './call-options.ts';
import type { CommandRef } from './command-ref.ts';
import type { Tolerance } from './gathering.ts';

/** What a map-reduce puts into the input of a command by itself. */
type Varying = 'items' | 'results' | 'token';

/** A command of a map-reduce, with that part of its input that is the same each time. Made by `stage`. */
export interface Stage<Takes = never, Output = unknown> {
  readonly ref: CommandRef & { readonly output: MessageRef<unknown, Output>['output'] };
  readonly with: object;
  /** Never there: it tells the types what the command takes. */
  readonly takes?: (varying: Takes) => void;
}

/** Pairs a command of a map-reduce with the part of its input that is the same each time. */
export function stage<Input, Output, Wire>(
  ref: MessageRef<Input, Output, Wire>,
  ...[constant]: object extends Omit<Wire, Varying>
    ? [constant?: NoInfer<Omit<Wire, Varying>>]
    : [constant: NoInfer<Omit<Wire, Varying>>]
): Stage<Pick<Wire, keyof Wire & Varying>, Output> {
  return { ref, with: constant ?? {} };
}

/** What a page reader returns. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** What to read the next page by; left out or null on the last. */
  readonly next?: string | null | undefined;
}

export type MapReduceOptions<Item, Mapped> = ItemSource<Item> & {
  /** Makes one result of the `items` of a shard. */
  readonly map: Stage<{ items: Item[] }, Mapped>;
  /** Makes one result of several `results`, given in the order of their items. Of a single one nothing needs to be made. */
  readonly reduce: Stage<{ results: Mapped[] }, Mapped>;
  /** Most items of a shard. Default 100. */
  readonly shardSize?: number;
  /** Shards under way at a time. Default 100, at most 1,000. A page that is read is mapped whole. */
  readonly concurrency?: number;
  /** Results that are reduced at a time: 2 to 100. Default 10. */
  readonly fanIn?: number;
  /** From the dispatch of a command to its reply, all attempts together. Left out: as for a call. */
  readonly timeout?: Duration;
  /** How each command, of a shard, a page or a reduction, is tried again. Left out: not at all. */
  readonly retry?: StepRetry;
  /** How many shards may fail. Their items are then missing from the result, which names them. Left out: none. */
  readonly tolerate?: Tolerance;
};

type ItemSource<Item> =
  | { readonly items: readonly Item[]; readonly read?: never }
  /**
   * Reads a page by its `token`, which is null for the first. It must give the same page for the same token: a shard that is tried
   * again has its page read again, because the items of a page are not kept in the history.
   */
  | { readonly read: Stage<{ token: string | null }, Page<Item>>; readonly items?: never };

/** What a map-reduce came to. */
export interface MapReduced<Mapped> {
  /** Undefined where no shard gave a result. */
  readonly result: Mapped | undefined;
  readonly items: number;
  readonly shards: number;
  /** The shards that failed, of those that may. */
  readonly failed: readonly {
    /** The position of its first item among all, from 0. */
    readonly from: number;
    readonly count: number;
    readonly failure: Failure;
  }[];
}
