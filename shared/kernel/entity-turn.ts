import { encodeKey } from '../contract/names.ts';
import type { StoredDocument, Write } from '../contract/store.ts';
import { inboxExpiry } from './inbox.ts';

/** A message that waits for its turn at an entity. */
interface Ticket {
  /** K of the message. */
  readonly key: string;
  /** When it took its place, and when it comes back to look; milliseconds since the epoch. */
  readonly since: number;
  readonly due: number;
}

/** Who did not come back for so long after it was due does not come (it is a dead letter), and is not waited for. */
const GRACE_MS = 5_000;
/** Beyond it messages wait without a place: they are deferred all the same, and take one when there is room. */
const MOST_TICKETS = 1_000;
const FIRST_LOOK_MS = 100;
const LONGEST_LOOK_MS = 5_000;

/**
 * Whose turn it is at one entity of an agent: one message at a time has it, the others wait in the order in which they came.
 *
 * Two documents hold it. The lease is written by who takes the turn and who ends it, each under the version that it read or wrote; so of
 * two that take it at once one fails, and whoever lost it to the end of its lease can't commit its effect any more (I1, I2). The queue is
 * written by who waits: a holder's commit never conflicts with them. A message that waits is deferred and comes back to look.
 */
export class EntityTurn {
  readonly #key: string;
  readonly #paths: readonly [string, string];
  readonly #lease: StoredDocument | undefined;
  readonly #queue: StoredDocument | undefined;
  readonly #tickets: readonly Ticket[];

  /** `documents` are those of `paths`; `key` is K of the message. */
  constructor(
    paths: readonly [string, string],
    key: string,
    documents: readonly (StoredDocument | undefined)[],
  ) {
    this.#paths = paths;
    this.#key = key;
    [this.#lease, this.#queue] = documents;
    const tickets = this.#queue?.fields.tickets;
    this.#tickets = typeof tickets === 'string' ? (JSON.parse(tickets) as Ticket[]) : [];
  }

  /** The lease and the queue of an entity. */
  static paths(agent: string, entity: string): readonly [string, string] {
    const id = encodeKey(entity);
    return [`agents/${agent}/entities/${id}`, `agents/${agent}/entityQueues/${id}`];
  }

  /** The version of the lease that the handling called `owner` holds, though it may not have been told that it does. */
  heldBy(owner: string): string | undefined {
    return this.#lease?.fields.owner === owner ? this.#lease.version : undefined;
  }

  /** When to look again; undefined when it is this message's turn. */
  waitUntil(now: number, owner: string): Date | undefined {
    if (this.heldBy(owner) !== undefined) return undefined;
    const { leaseUntil } = this.#lease?.fields ?? {};
    const held = leaseUntil instanceof Date && leaseUntil.getTime() > now;
    const place = this.#live(now).findIndex(({ key }) => key === this.#key);
    if (!held && (place === 0 || this.#live(now).length === 0)) return undefined;
    return this.#nextLook(now);
  }

  /** Takes a place in the queue, or keeps it. Undefined where the queue is full. */
  wait(now: number, until: Date): Write | undefined {
    const live = this.#live(now);
    const since = this.#since(now);
    const ticket: Ticket = { key: this.#key, since, due: until.getTime() };
    const place = live.findIndex(({ key }) => key === this.#key);
    if (place < 0 && live.length >= MOST_TICKETS) return undefined;
    return this.#putQueue(place < 0 ? [...live, ticket] : live.with(place, ticket), now);
  }

  /** Takes the turn: the lease first, then what makes room for the next. */
  take(now: number, until: Date, owner: string): Write[] {
    return [this.#putLease({ owner, leaseUntil: until }, this.#lease?.version, now), ...this.leave(now)];
  }

  /** Ends the turn that is held by this version of the lease. */
  end(now: number, version: string): Write[] {
    return [this.#putLease({ owner: '', leaseUntil: new Date(0) }, version, now)];
  }

  /** Takes the turn and ends it in one commit. */
  pass(now: number): Write[] {
    return this.take(now, new Date(0), '');
  }

  /** Gives up the place in the queue, where there is one. */
  leave(now: number): Write[] {
    if (!this.#tickets.some(({ key }) => key === this.#key)) return [];
    return [
      this.#putQueue(
        this.#live(now).filter(({ key }) => key !== this.#key),
        now,
      ),
    ];
  }

  /** Soon at first and for who is first; ever less often for who waits long. */
  #nextLook(now: number): Date {
    const place = this.#live(now).findIndex(({ key }) => key === this.#key);
    const ahead = place < 0 ? this.#live(now).length : place;
    const ms = FIRST_LOOK_MS * (ahead + 1) + (now - this.#since(now)) / 2;
    return new Date(now + Math.min(LONGEST_LOOK_MS, Math.ceil(ms)));
  }

  #since(now: number): number {
    // A clock that is ahead of this one may have noted when it came.
    return Math.min(now, this.#tickets.find(({ key }) => key === this.#key)?.since ?? now);
  }

  #live(now: number): readonly Ticket[] {
    return this.#tickets.filter(({ key, due }) => key === this.#key || due + GRACE_MS > now);
  }

  #putQueue(tickets: readonly Ticket[], now: number): Write {
    const fields = { tickets: JSON.stringify(tickets), expireAt: inboxExpiry(now) };
    const [, path] = this.#paths;
    return this.#queue
      ? { kind: 'put', path, fields, ifVersion: this.#queue.version }
      : { kind: 'create', path, fields };
  }

  #putLease(lease: { owner: string; leaseUntil: Date }, version: string | undefined, now: number): Write {
    const fields = { ...lease, expireAt: inboxExpiry(now) };
    const [path] = this.#paths;
    return version === undefined
      ? { kind: 'create', path, fields }
      : { kind: 'put', path, fields, ifVersion: version };
  }
}
