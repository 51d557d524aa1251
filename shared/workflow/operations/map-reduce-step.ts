import { isClaimCheck, payloadBytes } from '../../contract/claim-check.ts';
import type { Failure } from '../../contract/failure.ts';
import { type Json, messageJson } from '../../contract/json.ts';
import type { Command } from '../command.ts';
import type { CallEntry, MapReduceEntry, StageEntry } from '../entry.ts';
import type { Progress } from '../step.ts';
import { BranchStep } from './branch-step.ts';
import { GroupStep } from './group-step.ts';
import { PageStep } from './page-step.ts';
import { ReduceTree, type Reduction } from './reduce-tree.ts';
import { type Shard, ShardStep } from './shard-step.ts';
import { sizeOf, Window } from './window.ts';

/** A reduction under way. */
class ReduceStep extends BranchStep {
  readonly place: Pick<Reduction, 'level' | 'index'>;

  constructor(entry: CallEntry, at: number, group: GroupStep, place: Pick<Reduction, 'level' | 'index'>) {
    super(entry, at, group, { late: 'ignore' });
    this.place = place;
  }
}

interface FailedShard {
  readonly from: number;
  readonly count: number;
  readonly failure: Failure;
}

/**
 * Reads pages (or takes the items that it was given), maps shards, and reduces their results in a tree: `3/p0` is the first page of
 * the step `3`, `3/0` the first shard, `3/r1-0` the first reduction.
 */
export class MapReduceStep extends GroupStep<MapReduceEntry> {
  readonly #open = new Set<BranchStep>();
  readonly #tree: ReduceTree = new ReduceTree(this.entry.fanIn);
  readonly #window: Window = new Window(this.entry.concurrency);
  /** The tokens of the pages that were read, and how many items each has. */
  readonly #pages: { readonly token: string | null; readonly count: number }[] = [];
  /** Pages to be read once more, for the sake of shards that are tried again. */
  readonly #again = new Set<number>();
  readonly #failures: FailedShard[] = [];
  #reading: PageStep | undefined;
  /** Why it can't be brought to an end. */
  #fatal: Failure | undefined;
  #rereads = 0;
  /** Undefined: there is no page after those that were read. */
  #token: string | null | undefined = null;
  #items = 0;
  #shards = 0;
  #next = 0;
  #openShards = 0;
  #mapped = 0;
  /** The items, where they were given; none where the history is only looked at and they went by claim check. */
  #list: readonly Json[] | undefined;

  protected started(): Progress {
    const { items, itemsIn, shardSize, refused } = this.entry;
    if (refused) return this.settle(this.startedAt, { ok: false, failure: refused });
    const commands: Command[] = [];
    this.#list = itemsIn ? ((this.#whole(itemsIn.payload) as Json[] | null) ?? []) : items;
    if (this.#list) {
      this.#token = undefined;
      this.#items = itemsIn?.count ?? this.#list.length;
      this.#shards = Math.ceil(this.#items / shardSize);
      commands.push(...this.#reduce(this.#tree.close(this.#shards), this.startedAt));
    }
    return this.#goOn(this.startedAt, commands);
  }

  branchTook(branch: BranchStep, at: number): Progress {
    if (this.status !== 'open') return {};
    if (branch instanceof ShardStep && branch.status === 'open' && branch.waits && branch.shard.page)
      this.#again.add(branch.shard.page.index);
    return this.#goOn(at, this.#ended(branch, at));
  }

  protected woken(at: number): Progress {
    const commands: Command[] = [];
    for (const branch of [...this.#open])
      if (this.expire(branch, at)) commands.push(...this.#ended(branch, at));
    const next = Math.min(...[...this.#open].map(({ answerBy }) => answerBy ?? Infinity));
    return this.#goOn(at, next === Infinity ? commands : [...commands, ...this.wake(next)]);
  }

  get left(): string {
    const more = this.#token === undefined ? '' : ' or more';
    return `${this.#mapped} of ${this.#items}${more} items mapped`;
  }

  /** What follows from the end of a branch. */
  #ended(branch: BranchStep, at: number): Command[] {
    if (branch.status === 'open' || !this.#open.delete(branch)) return [];
    const value = branch.status === 'done' ? branch.output : undefined;
    if (branch instanceof PageStep) return this.#read(branch, at);
    if (branch instanceof ReduceStep) {
      const { level, index } = branch.place;
      if (value !== undefined) return this.#reduce(this.#tree.end(level, index, value), at);
      this.#fatal ??= failed('reduce-failed', 'a reduction failed', branch.failure);
      return [];
    }
    return branch instanceof ShardStep ? this.#shardEnded(branch, value, at) : [];
  }

  #shardEnded({ shard, failure }: ShardStep, value: Json | undefined, at: number): Command[] {
    const { index, from, count } = shard;
    this.#openShards -= 1;
    if (!shard.page) this.#window.closes(this.#sizeOf(shard));
    if (value === undefined && failure) this.#failures.push({ from, count, failure });
    else this.#mapped += count;
    return this.#reduce(this.#tree.end(0, index, value), at);
  }

  #goOn(at: number, given: readonly Command[]): Progress {
    const commands = [...given];
    const failure = this.#verdict();
    if (failure) return this.#complete(at, { ok: false, failure }, commands);
    for (; this.#list && this.#next < this.#shards; this.#next++) {
      const shard = this.#inline(this.#next);
      if (!this.#window.opens(this.#sizeOf(shard))) break;
      commands.push(...this.#map(shard, this.#slice(shard), at));
    }
    // Each shard that is under way has its own.
    if (this.#list && this.#next >= this.#shards) this.#list = [];
    commands.push(...this.#readNext(at));
    this.report({ items: this.#items, mapped: this.#mapped, failedShards: this.#failures.length });
    const { root } = this.#tree;
    if (!root) return { commands };
    return this.#complete(at, { ok: true, value: this.#result(root.value) }, commands);
  }

  #inline(index: number): Shard {
    const from = index * this.entry.shardSize;
    return { index, from, count: Math.min(this.entry.shardSize, this.#items - from) };
  }

  #slice({ from, count }: Shard): readonly Json[] {
    return this.#list?.slice(from, from + count) ?? [];
  }

  /** The same whether the items are at hand or not. */
  #sizeOf(shard: Shard): number {
    const { itemsIn, items, shardSize } = this.entry;
    if (itemsIn) return Math.ceil((payloadBytes(itemsIn.payload) * shard.count) / itemsIn.count);
    const from = shard.index * shardSize;
    return sizeOf(items?.slice(from, from + shard.count) as Json[]);
  }

  /** What a payload stands for; null where the history is only looked at. */
  #whole(payload: Json): Json {
    if (!isClaimCheck(payload)) return payload;
    return this.payloads?.checkOut(payload) ?? null;
  }

  /** The input of a command as it is sent: inline, or by claim check where its agent takes one. */
  #fit(input: Json, { claim, name }: StageEntry): Json {
    if (claim === undefined || !this.payloads) return input;
    const limits = { inlineBytes: this.entry.most, claimCheckBytes: claim };
    return this.payloads.checkIn(input, limits, `the input of ${name}`);
  }

  #map(shard: Shard, items: readonly Json[], at: number): readonly Command[] {
    const { map } = this.entry;
    const entry = this.#call(map, String(shard.index), at);
    this.#openShards += 1;
    const input = this.#fit({ ...map.with, items: [...items] }, map);
    return this.#take(new ShardStep(entry, at, this, shard, input));
  }

  #take(branch: BranchStep): readonly Command[] {
    this.#open.add(branch);
    return this.adopt(branch);
  }

  #call(stage: StageEntry, id: string, at: number, input?: Json): CallEntry {
    const { timeoutMs, retry } = this.entry;
    return {
      ...{ e: 'step', op: 'call', id: `${this.entry.id}/${id}`, name: stage.name, agent: stage.agent },
      ...(input !== undefined && { input }),
      ...(timeoutMs !== undefined && { timeoutAt: at + timeoutMs }),
      ...(retry && { retry }),
    };
  }

  /** One page at a time: what is sent because of it is one document. */
  #readNext(at: number): readonly Command[] {
    const { read, concurrency, shardSize } = this.entry;
    if (!read || this.#reading) return [];
    const [again] = this.#again;
    let page = this.#pages.length;
    let token = this.#token;
    if (again !== undefined) {
      this.#again.delete(again);
      page = again;
      token = this.#pages[again]?.token;
    } else {
      const asBefore = Math.ceil((this.#pages.at(-1)?.count ?? 0) / shardSize);
      if (this.#openShards > 0 && this.#openShards + asBefore > concurrency) return [];
    }
    if (token === undefined) return [];
    const id = again === undefined ? `p${page}` : `p${page}-${++this.#rereads}`;
    this.#reading = new PageStep(this.#call(read, id, at, { ...read.with, token }), at, this, page);
    return this.#take(this.#reading);
  }

  #read(page: PageStep, at: number): Command[] {
    this.#reading = undefined;
    if (page.page < this.#pages.length) return this.#readAgain(page, at);
    if (page.status !== 'done') {
      this.#fatal ??= failed('read-failed', `page ${page.page} could not be read`, page.failure);
      return [];
    }
    const { count, items, next } = page;
    const { shardSize } = this.entry;
    const commands: Command[] = [];
    this.#pages.push({ token: this.#token ?? null, count });
    for (let from = 0; from < count; from += shardSize) {
      const part = Math.min(shardSize, count - from);
      const shard = {
        index: this.#shards,
        from: this.#items + from,
        count: part,
        page: { index: page.page, from },
      };
      this.#shards += 1;
      commands.push(...this.#map(shard, items.slice(from, from + part), at));
    }
    this.#items += count;
    this.#token = next;
    page.items = [];
    if (next === undefined) commands.push(...this.#reduce(this.#tree.close(this.#shards), at));
    return commands;
  }

  #readAgain({ page, status, failure, count, items }: PageStep, at: number): Command[] {
    const commands: Command[] = [];
    const changed: Failure = {
      code: 'OutputInvalid',
      message: 'the page has another number of items than before',
    };
    const trouble =
      status === 'done' && count === this.#pages[page]?.count ? undefined : (failure ?? changed);
    this.#again.delete(page);
    for (const branch of [...this.#open]) {
      if (!(branch instanceof ShardStep) || !branch.waits || branch.shard.page?.index !== page) continue;
      const { from } = branch.shard.page;
      if (trouble) {
        branch.giveUp(at, trouble);
        this.note(branch);
        commands.push(...this.#ended(branch, at));
      } else {
        const { map } = this.entry;
        const slice = items.slice(from, from + branch.shard.count);
        commands.push(branch.supply(this.#fit({ ...map.with, items: slice }, map)));
      }
    }
    return commands;
  }

  #reduce(reductions: readonly Reduction[], at: number): Command[] {
    const { reduce, most } = this.entry;
    return reductions.flatMap(({ level, index, results }) => {
      const bytes = bytesOf(reduce, results);
      const limit = Math.max(most, reduce.claim ?? 0);
      if (bytes > limit) {
        const message = `${results.length} results take ${bytes} bytes; a message may carry ${limit}: lower fanIn`;
        this.#fatal ??= { code: 'PayloadTooLarge', message };
        return [];
      }
      const input = this.#fit(
        { ...reduce.with, results: results.map((result) => this.#whole(result)) },
        reduce,
      );
      const entry = this.#call(reduce, `r${level}-${index}`, at, input);
      return [...this.#take(new ReduceStep(entry, at, this, { level, index }))];
    });
  }

  #verdict(): Failure | undefined {
    if (this.#fatal) return this.#fatal;
    const { failures, share } = this.entry;
    const known = this.#token === undefined;
    const shared = share === undefined ? Infinity : known ? Math.floor(share * this.#shards) : Infinity;
    const most = Math.min(failures ?? (share === undefined ? 0 : Infinity), shared);
    const count = this.#failures.length;
    if (count <= most) return undefined;
    const what = `${count} of ${this.#shards} shards failed, where ${most} may`;
    return failed('tolerance-exceeded', what, this.#failures[0]?.failure);
  }

  #complete(at: number, result: Parameters<GroupStep['settle']>[1], commands: readonly Command[]): Progress {
    for (const branch of this.#open) this.leave(branch);
    this.#open.clear();
    return this.settle(at, result, commands);
  }

  #result(value: Json | undefined): Json {
    const failed = [...this.#failures].sort((a, b) => a.from - b.from);
    return {
      ...(value !== undefined && { result: value }),
      items: this.#items,
      shards: this.#shards,
      failed: messageJson(failed),
    };
  }
}

/** Bytes of JSON of the input of a reduction, told without looking into its results. */
function bytesOf(stage: StageEntry, results: readonly Json[]): number {
  const commas = Math.max(0, results.length - 1);
  return results.reduce<number>(
    (sum, result) => sum + payloadBytes(result),
    payloadBytes({ ...stage.with, results: [] }) + commas,
  );
}

function failed(reason: string, what: string, cause: Failure | undefined): Failure {
  const because = cause ? `; the first failure: ${cause.code}: ${cause.message}` : '';
  return { code: 'MapReduceFailed', message: `${reason}: ${what}${because}`, reason };
}
