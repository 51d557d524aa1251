import type { Json } from '../contract/json.ts';
import type { Log } from '../contract/log.ts';
import type { Message } from '../contract/message.ts';
import type { Ports } from '../contract/ports.ts';
import type { StoredDocument, Write } from '../contract/store.ts';
import type { EntityTurn } from './entity-turn.ts';
import { encodeInbox } from './inbox.ts';

/** The inbox record as its holder wrote it, in `effect` mode. */
export interface Claim {
  readonly version: string;
  readonly until: Date;
  /** The version of the entity's lease that was taken with it, where the message is for an entity. */
  readonly lease: string | undefined;
}

/** What is claimed: the message by its inbox record, and the turn at its entity with it. */
export interface Claimed {
  /** Path of the inbox record. */
  readonly path: string;
  readonly message: Message;
  readonly turn: EntityTurn | undefined;
}

/** Added to the contract's timeout: by then a handler that was cut off has been seen to be. */
const LEASE_MARGIN_MS = 2_000;

/** The leases of messages whose handling reaches the outside world. */
export class Claims {
  readonly #ports: Pick<Ports, 'store' | 'clock'>;
  readonly #timeoutMs: number;

  constructor(ports: Pick<Ports, 'store' | 'clock'>, timeoutMs: number) {
    this.#ports = ports;
    this.#timeoutMs = timeoutMs;
  }

  /** How long a handler may take so that it is cut off, and seen to be, before its lease ends. */
  timeLeft(claim: Claim): number {
    return claim.until.getTime() - LEASE_MARGIN_MS - this.#ports.clock.now();
  }

  /** `record` is the inbox record as it was read, `progress` what it holds of that, and keeps. Rejects with `Conflict` or `AlreadyExists` where another one was faster. */
  async take(
    { path, message, turn }: Claimed,
    record: StoredDocument | undefined,
    owner: string,
    progress?: Json,
  ): Promise<Claim> {
    const now = this.#ports.clock.now();
    const until = new Date(now + this.#timeoutMs + LEASE_MARGIN_MS);
    const fields = encodeInbox({ status: 'running', leaseUntil: until, owner, progress }, message, now);
    const [version, lease] = await this.#ports.store.commit([
      record ? { kind: 'put', path, fields, ifVersion: record.version } : { kind: 'create', path, fields },
      ...(turn?.take(now, until, owner) ?? []),
    ]);
    return { version: version as string, until, lease };
  }

  /** Lets the next delivery start at once instead of waiting for the lease to end. Only a courtesy: the lease ends by itself. */
  async release(
    { path, message, turn }: Claimed,
    claim: Claim | undefined,
    log: Log,
    progress?: Json,
  ): Promise<void> {
    const now = this.#ports.clock.now();
    const writes: Write[] = [];
    if (claim) {
      const free = { status: 'running', leaseUntil: new Date(0), owner: '', progress } as const;
      const fields = encodeInbox(free, message, now);
      writes.push({ kind: 'put', path, fields, ifVersion: claim.version });
      if (turn && claim.lease !== undefined) writes.push(...turn.end(now, claim.lease));
    } else if (turn) writes.push(...turn.leave(now));
    if (writes.length === 0) return;
    await this.#ports.store
      .commit(writes)
      .catch((error) => log.debug('the claim could not be released', { error }));
  }
}
