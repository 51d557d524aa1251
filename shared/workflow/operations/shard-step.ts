import type { Failure } from '../../contract/failure.ts';
import type { Json } from '../../contract/json.ts';
import type { Command } from '../command.ts';
import type { CallEntry, Fired } from '../entry.ts';
import type { Progress } from '../step.ts';
import { type BranchGroup, BranchStep } from './branch-step.ts';

/** Items that are mapped together. */
export interface Shard {
  readonly index: number;
  /** The position of its first item among all. */
  readonly from: number;
  readonly count: number;
  /** The page that its items stand on, and where; left out where they stand in the history. */
  readonly page?: { readonly index: number; readonly from: number };
}

/** The map command of a shard. */
export class ShardStep extends BranchStep {
  readonly shard: Shard;
  /** Waits for its page to be read again. */
  waits = false;
  #input: Json | undefined;

  constructor(entry: CallEntry, at: number, group: BranchGroup, shard: Shard, input: Json) {
    super(entry, at, group, { late: 'ignore' });
    this.shard = shard;
    this.#input = input;
  }

  override begin(): Progress {
    const progress = super.begin();
    if (this.shard.page) this.#input = undefined;
    return progress;
  }

  /** Sends the next attempt, now that its page has been read again. */
  supply(input: Json): Command {
    this.waits = false;
    this.#input = input;
    const command = this.dispatch();
    this.#input = undefined;
    return command;
  }

  /** Its items are not to be had again. */
  giveUp(at: number, failure: Failure): void {
    this.waits = false;
    this.failed(at, failure);
  }

  protected override data(): Json {
    return this.#input ?? null;
  }

  protected override fired(event: Fired): Progress | undefined {
    const progress = super.fired(event);
    if (!progress || event.timer !== 'retry' || !this.shard.page) return progress;
    this.waits = true;
    return {};
  }
}
