import { Deque } from './deque.ts';
import type { Entry } from './entry.ts';

/** The messages of one ordering key. */
interface Lane {
  readonly key: string;
  readonly waiting: Deque<Entry>;
  /** The one batch that is outstanding, in order. */
  flight: Entry[];
  /** How many delays keep the lane back. */
  holds: number;
  /** Whether it stands in the ready queue. */
  queued: boolean;
}

/** How much to take at once. */
interface Taking {
  readonly messages: number;
  readonly bytes: number;
  readonly perKey: number;
  readonly share?: number;
}

/**
 * What a subscription has yet to deliver, in the order of delivery. It owns the states `waiting`, `held`, `acked` and `gone`;
 * whoever takes an entry owns it as `leased` until it calls `done` or `putBack`. Knows no time.
 *
 * - One batch of an ordering key is outstanding at a time; the next leaves when all of it is done.
 * - Putting back a message of a key puts back every later one of its batch too, acked ones included.
 * - Taking costs O(messages taken), whatever the backlog.
 */
export class Backlog {
  readonly #ordered: boolean;
  readonly #ready = new Deque<Entry | Lane>();
  readonly #lanes = new Map<string, Lane>();
  #size = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Messages that wait or are held. */
  get size(): number {
    return this.#size;
  }

  /** Whether anything may be ready; false is certain. */
  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /**
   * Adds a new message at the end. One under a delay leaves only after `release`, one whose publisher has no answer yet only after
   * `answered`; meanwhile the former keeps all of its key back, the latter only what comes after it.
   */
  add(entry: Entry, hold?: 'delay' | 'answer'): void {
    this.#size += 1;
    const lane = this.#laneOf(entry);
    if (hold === 'answer' || (hold && !lane)) entry.state = 'held';
    if (lane) {
      lane.waiting.pushBack(entry);
      if (hold === 'delay') lane.holds += 1;
      this.#offer(lane);
    } else if (!hold) this.#ready.pushBack(entry);
  }

  /** The publisher of a message that was added so has its answer. */
  answered(entry: Entry): void {
    if (entry.state !== 'held') return;
    entry.state = 'waiting';
    const lane = this.#laneOf(entry);
    if (lane) this.#offer(lane);
    else this.#ready.pushBack(entry);
  }

  /**
   * Takes up to `messages` entries, and no more once their sizes reach `bytes`; of one key at most `perKey`. `share` is what is meant for this
   * consumer: with so many taken it begins no other key, but takes all of the one that it has begun, since the rest would wait for this batch.
   */
  take({ messages, bytes, perKey, share = messages }: Taking): Entry[] {
    const taken: Entry[] = [];
    let size = 0;
    const grab = (entry: Entry) => {
      entry.state = 'leased';
      this.#size -= 1;
      size += entry.message.size;
      taken.push(entry);
    };
    const hasRoom = () => taken.length < messages && size < bytes;
    while (hasRoom() && taken.length < share) {
      const next = this.#ready.shift();
      if (!next) break;
      if (!('waiting' in next)) {
        if (next.state === 'waiting') grab(next);
        continue;
      }
      next.queued = false;
      while (hasRoom() && next.flight.length < perKey) {
        const entry = next.waiting.peek();
        if (!entry || entry.state === 'held') break;
        next.waiting.shift();
        if (entry.state !== 'waiting') continue;
        grab(entry);
        next.flight.push(entry);
      }
      this.#offer(next);
    }
    return taken;
  }

  /**
   * Those of outstanding entries that can be acked one after the other, as they are given, with nothing of their keys before them
   * left unacked; what belongs to no key can always.
   */
  inOrder(entries: readonly Entry[]): ReadonlySet<Entry> {
    const next = new Map<Lane, number>();
    return new Set(
      entries.filter((entry) => {
        const lane = this.#laneOf(entry);
        if (!lane) return true;
        let at = next.get(lane) ?? 0;
        while (lane.flight[at]?.state === 'acked') at += 1;
        if (lane.flight[at] !== entry) {
          // None of the key follows in this request either.
          next.set(lane, lane.flight.length);
          return false;
        }
        next.set(lane, at + 1);
        return true;
      }),
    );
  }

  /** An outstanding message is done with. Returns those that are now gone: it alone, or those that its key kept back. */
  done(entry: Entry): Entry[] {
    const lane = this.#laneOf(entry);
    if (!lane) {
      entry.state = 'gone';
      return [entry];
    }
    entry.state = 'acked';
    let kept = lane.flight.findIndex(({ state }) => state !== 'acked');
    if (kept === -1) kept = lane.flight.length;
    const gone = lane.flight.splice(0, kept);
    for (const settled of gone) settled.state = 'gone';
    this.#offer(lane);
    return gone;
  }

  /**
   * An outstanding message failed: it is to be delivered again, after `release`. Returns the later messages of its key, which are
   * put back with it; those that are outstanding lose their leases.
   */
  putBack(entry: Entry): Entry[] {
    const lane = this.#laneOf(entry);
    if (!lane) {
      entry.state = 'held';
      this.#size += 1;
      return [];
    }
    lane.holds += 1;
    const again = lane.flight.splice(lane.flight.indexOf(entry));
    for (const each of again.toReversed()) {
      each.state = 'waiting';
      lane.waiting.pushFront(each);
    }
    this.#size += again.length;
    return again.slice(1);
  }

  /** The delay of an entry that was held or put back is over. */
  release(entry: Entry): void {
    const lane = this.#laneOf(entry);
    if (lane) {
      lane.holds -= 1;
      this.#offer(lane);
    } else if (entry.state === 'held') {
      entry.state = 'waiting';
      this.#ready.pushBack(entry);
    }
  }

  /** Drops a message that waits or is held; a delay that it was under is still to be released. */
  drop(entry: Entry): void {
    entry.state = 'gone';
    this.#size -= 1;
    const lane = this.#laneOf(entry);
    if (lane) this.#offer(lane);
  }

  #laneOf({ message: { orderingKey } }: Entry): Lane | undefined {
    if (!this.#ordered || orderingKey === '') return undefined;
    let lane = this.#lanes.get(orderingKey);
    if (!lane) {
      lane = { key: orderingKey, waiting: new Deque(), flight: [], holds: 0, queued: false };
      this.#lanes.set(orderingKey, lane);
    }
    return lane;
  }

  #offer(lane: Lane): void {
    if (lane.queued || lane.flight.length > 0 || lane.holds > 0) return;
    while (lane.waiting.peek()?.state === 'gone') lane.waiting.shift();
    const first = lane.waiting.peek();
    if (!first) this.#lanes.delete(lane.key);
    if (first?.state !== 'waiting') return;
    lane.queued = true;
    this.#ready.pushBack(lane);
  }
}
