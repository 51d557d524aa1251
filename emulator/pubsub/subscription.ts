import type { StatusError } from '../wire/status.ts';
import { formatAckId, parseAckId } from './ack-id.ts';
import { type AckRefusals, outOfOrder } from './ack-refusals.ts';
import { Backlog } from './backlog.ts';
import type { Consumer, Delivery } from './consumer.ts';
import { Consumers } from './consumers.ts';
import { type Counts, noCounts, type SubscriptionStatus } from './counts.ts';
import { isForwarded } from './dead-letter.ts';
import { type Entry, newEntry } from './entry.ts';
import { compileFilter, type Filter } from './filter.ts';
import { losesAck } from './loses-ack.ts';
import type { Message } from './message.ts';
import { Retained } from './retained.ts';
import { retryDelayMs } from './retry-policy.ts';
import { seekable } from './seekable.ts';
import type { SubscriptionConfig } from './subscription-config.ts';
import type { SubscriptionHost } from './subscription-host.ts';

/**
 * One subscription's messages: it filters, hands them to consumers under leases, and settles them: ack, or failure (nack, ack
 * deadline) and then retry or dead letter. It knows no wire and does no I/O; consumers do.
 *
 * - Every message that passes the filter is in the backlog or leased until it is gone: acked, dead-lettered, or older than the
 *   retention (I4).
 * - Only the latest delivery of a message can fail; an ack of an earlier one counts while the message waits, but for ordered and
 *   exactly-once messages.
 */
export class Subscription {
  readonly #owner: number;
  readonly #host: SubscriptionHost;
  readonly #filter: Filter;
  #backlog: Backlog;
  readonly #entries = new Map<number, Entry>();
  readonly #retained = new Retained();
  readonly #counts: Counts = noCounts();
  /** Done with, and not yet told; undefined where nobody is told. */
  readonly #settled: string[] | undefined;
  readonly #consumers = new Consumers();
  #config: SubscriptionConfig;
  #sequence = 0;
  #outstanding = 0;
  #pruneAt = Number.POSITIVE_INFINITY;
  #lastAckMs = 0;
  #dispatching = false;
  #dispatchAgain = false;

  constructor(owner: number, config: SubscriptionConfig, host: SubscriptionHost) {
    this.#owner = owner;
    this.#config = config;
    this.#host = host;
    this.#filter = compileFilter(config.filter);
    this.#backlog = new Backlog(config.enableMessageOrdering);
    if (host.settled) this.#settled = [];
  }

  get config(): SubscriptionConfig {
    return this.#config;
  }

  /** Takes new settings; name, topic, filter and ordering are the old ones. */
  configure(config: SubscriptionConfig): void {
    this.#config = config;
    this.#pruneAt = 0;
    if (!config.retainAckedMessages) this.#retained.clear();
    this.dispatch();
  }

  /** The messages that are not acked, the oldest first. */
  unacked(): Message[] {
    this.#prune();
    return Array.from(this.#entries.values(), ({ message }) => message);
  }

  /** The acked messages that it keeps. */
  retained(): Iterable<Message> {
    return this.#retained.all();
  }

  /** Takes up messages as they were kept, unacked or acked, after those it has. */
  take(messages: Iterable<Message>, acked: boolean): void {
    for (const message of messages) this.#place(message, 0, acked);
  }

  /** Is done with these messages, as far as it has them and nobody holds them. */
  settle(messageIds: ReadonlySet<string>): void {
    for (const entry of this.#entries.values()) {
      if (entry.state === 'leased' || !messageIds.has(entry.message.messageId)) continue;
      this.#forget(entry);
      this.#retain(entry);
    }
  }

  /**
   * Makes those messages unacked that `wants` picks, and acks the others: of those that it has, of the acked ones that it keeps, and
   * of `more` that pass its filter. Leases end: an ack id of before counts for nothing.
   */
  seek(wants: (message: Message) => boolean, more: Iterable<Message>): void {
    this.#prune();
    const all = seekable(this.#entries.values(), this.#retained.all(), more, this.#filter);
    this.forgetAll();
    for (const { message, failures } of all) this.#place(message, failures, !wants(message));
    this.dispatch();
  }

  #place(message: Message, failures: number, acked: boolean): void {
    const entry = this.#newEntry(message);
    entry.failures = failures;
    if (acked) this.#retain(entry);
    else {
      this.#entries.set(entry.sequence, entry);
      this.#backlog.add(entry);
    }
  }

  #newEntry(message: Message): Entry {
    this.#pruneAt = Math.min(this.#pruneAt, message.publishTimeMs + this.#config.messageRetentionMs);
    return newEntry(this.#sequence++, message);
  }

  get status(): SubscriptionStatus {
    this.#prune();
    return {
      ...this.#counts,
      outstanding: this.#outstanding,
      backlog: this.#backlog.size,
      consumers: this.#consumers.count,
    };
  }

  /** When a message was last acked, in milliseconds since the epoch; 0 for never. */
  get lastAckMs(): number {
    return this.#lastAckMs;
  }

  get consumerCount(): number {
    return this.#consumers.count;
  }

  /** Adds a message of the topic; nobody gets an unanswered one before `answered`. Call `dispatch` after the last one. Returns none that the filter keeps out. */
  offer(message: Message, unanswered = false): Entry | undefined {
    if (!this.#filter(message.attributes)) {
      this.#counts.filtered += 1;
      return undefined;
    }
    this.#counts.published += 1;
    const entry = this.#newEntry(message);
    this.#entries.set(entry.sequence, entry);
    const delayMs = this.#host.faults.delayMs?.({ ...message, subscription: this.#config.name }) ?? 0;
    this.#backlog.add(entry, delayMs > 0 ? 'delay' : unanswered ? 'answer' : undefined);
    if (delayMs > 0) this.#releaseAfter(entry, delayMs);
    return entry;
  }

  /** The publisher of these messages has its answer: they can be given out, to a client that pulls a little later. */
  answered(entries: readonly Entry[]): void {
    const release = () => {
      for (const entry of entries) this.#backlog.answered(entry);
      this.dispatch();
    };
    const { lagMs } = this.#consumers;
    if (lagMs === 0) release();
    else this.#host.alarms.set(this.#host.clock.now() + lagMs, release);
  }

  /** Gives what is ready to the consumers that have room, in turn. */
  dispatch(): void {
    if (this.#dispatching) {
      this.#dispatchAgain = true;
      return;
    }
    this.#dispatching = true;
    this.#prune();
    try {
      do {
        this.#dispatchAgain = false;
        this.#consumers.serve(this.#backlog, (consumer) => this.#serve(consumer));
      } while (this.#dispatchAgain);
    } finally {
      this.#dispatching = false;
    }
  }

  /** Takes up to `max` messages at once for a pull that does not wait. */
  pull(max: number): Delivery[] {
    this.#prune();
    const taken = this.#backlog.take({ messages: max, bytes: Number.POSITIVE_INFINITY, perKey: max });
    return taken.map((entry) => this.#lease(entry, undefined));
  }

  attach(consumer: Consumer): void {
    this.#consumers.add(consumer);
    this.dispatch();
  }

  /** The consumer gets nothing more; what it holds stays leased. */
  detach(consumer: Consumer): void {
    this.#consumers.remove(consumer);
  }

  /**
   * Acks deliveries. Returns those that an exactly-once subscription refuses: the stale ones, and those of a key out of order.
   * @throws StatusError INVALID_ARGUMENT for an id that this subscription never gave out; nothing is then acked.
   */
  acknowledge(ackIds: readonly string[]): AckRefusals {
    for (const ackId of ackIds) parseAckId(this.#owner, ackId);
    this.#lastAckMs = this.#host.clock.now();
    const ids = new Set(ackIds);
    const strict = this.#config.enableExactlyOnceDelivery;
    const unordered = strict ? outOfOrder(ids, (id) => this.#current(id), this.#backlog) : new Set<string>();
    const invalid = [...ids].filter((ackId) => !unordered.has(ackId) && !this.#acknowledge(ackId));
    this.#tellSettled();
    this.dispatch();
    return { invalid, unordered: [...unordered] };
  }

  /** Moves ack deadlines to `seconds` from now; 0 is a nack. Returns the stale ids that an exactly-once subscription refuses. Throws as `acknowledge`. */
  modifyAckDeadline(ackIds: readonly string[], seconds: number): string[] {
    for (const ackId of ackIds) parseAckId(this.#owner, ackId);
    const refused: string[] = [];
    for (const ackId of ackIds) {
      const entry = this.#current(ackId);
      if (!entry) refused.push(ackId);
      else if (seconds === 0) this.#fail(entry, 'nacked');
      else this.#setDeadline(entry, seconds * 1000);
    }
    this.dispatch();
    return this.#config.enableExactlyOnceDelivery ? refused : [];
  }

  /** Turns its consumers away and forgets all messages. */
  close(reason: StatusError): void {
    this.turnAway(reason);
    this.forgetAll();
  }

  turnAway(reason: StatusError): void {
    for (const consumer of this.#consumers.removeAll()) consumer.closed(reason);
  }

  forgetAll(): void {
    for (const entry of this.#entries.values()) {
      if (entry.state === 'leased') this.#endLease(entry);
      entry.alarm?.cancel();
      entry.state = 'gone';
    }
    this.#entries.clear();
    this.#retained.clear();
    this.#backlog = new Backlog(this.#config.enableMessageOrdering);
  }

  #serve(consumer: Consumer): boolean {
    const room = consumer.room();
    if (room.messages <= 0 || room.bytes <= 0) return false;
    const share = Math.max(1, Math.ceil(this.#backlog.size / this.#consumers.count));
    const entries = this.#backlog.take({ ...room, perKey: consumer.perKey, share });
    if (entries.length === 0) return false;
    consumer.deliver(entries.map((entry) => this.#lease(entry, consumer)));
    return true;
  }

  #lease(entry: Entry, consumer: Consumer | undefined): Delivery {
    entry.deliveries += 1;
    entry.consumer = consumer;
    this.#outstanding += 1;
    this.#counts.delivered += 1;
    this.#setDeadline(entry, consumer?.leaseMs ?? this.#config.ackDeadlineSeconds * 1000);
    const { message, failures } = entry;
    const ackId = this.#ackIdOf(entry);
    return this.#config.deadLetterPolicy
      ? { ackId, message, deliveryAttempt: failures + 1 }
      : { ackId, message };
  }

  #setDeadline(entry: Entry, leaseMs: number): void {
    entry.alarm?.cancel();
    entry.alarm = this.#host.alarms.set(this.#host.clock.now() + leaseMs, () => {
      this.#fail(entry, 'expired');
      this.dispatch();
    });
  }

  #endLease(entry: Entry): void {
    const { consumer } = entry;
    entry.alarm?.cancel();
    entry.alarm = undefined;
    entry.consumer = undefined;
    this.#outstanding -= 1;
    consumer?.released({ ackId: this.#ackIdOf(entry), message: entry.message });
  }

  #acknowledge(ackId: string): boolean {
    const { sequence, delivery } = parseAckId(this.#owner, ackId);
    const entry = this.#entries.get(sequence);
    const exactlyOnce = this.#config.enableExactlyOnceDelivery;
    if (entry?.state === 'leased' && entry.deliveries === delivery) {
      if (losesAck(this.#host.faults, this.#config, entry)) {
        this.#counts.duplicated += 1;
        this.#putBack(entry, 0);
      } else {
        this.#counts.acked += 1;
        this.#finish(entry);
      }
      return true;
    }
    const isOrdered = this.#config.enableMessageOrdering && entry?.message.orderingKey !== '';
    if (!exactlyOnce && !isOrdered && (entry?.state === 'waiting' || entry?.state === 'held')) {
      this.#counts.acked += 1;
      this.#forget(entry);
      this.#retain(entry);
      this.#settled?.push(entry.message.messageId);
    }
    return !exactlyOnce;
  }

  #fail(entry: Entry, cause: 'nacked' | 'expired'): void {
    entry.failures += 1;
    this.#counts[cause] += 1;
    if (isForwarded(entry, this.#config, this.#host)) {
      this.#counts.deadLettered += 1;
      this.#finish(entry);
      this.#tellSettled();
    } else this.#putBack(entry, retryDelayMs(this.#config.retryPolicy, entry.failures));
  }

  #finish(entry: Entry): void {
    this.#endLease(entry);
    for (const gone of this.#backlog.done(entry)) {
      this.#entries.delete(gone.sequence);
      this.#retain(gone);
      this.#settled?.push(gone.message.messageId);
    }
  }

  /** Before whoever settled them is answered. */
  #tellSettled(): void {
    if (this.#settled?.length) this.#host.settled?.(this.#config.name, this.#settled.splice(0));
  }

  #retain({ sequence, message }: Entry): void {
    if (this.#config.retainAckedMessages) this.#retained.add(sequence, message);
  }

  #putBack(entry: Entry, delayMs: number): void {
    this.#endLease(entry);
    const wereLeased = (each: Entry) => each.alarm !== undefined;
    for (const later of this.#backlog.putBack(entry).filter(wereLeased)) this.#endLease(later);
    if (delayMs > 0) this.#releaseAfter(entry, delayMs);
    else {
      this.#backlog.release(entry);
      this.#dispatchAgain = true;
    }
  }

  #releaseAfter(entry: Entry, delayMs: number): void {
    entry.alarm = this.#host.alarms.set(this.#host.clock.now() + delayMs, () => {
      entry.alarm = undefined;
      this.#backlog.release(entry);
      this.dispatch();
    });
  }

  #forget(entry: Entry): void {
    const held = entry.alarm;
    held?.cancel();
    entry.alarm = undefined;
    this.#backlog.drop(entry);
    if (held) this.#backlog.release(entry);
    this.#entries.delete(entry.sequence);
  }

  /** Drops what waits for longer than the retention. Costs nothing until the oldest message is that old. */
  #prune(): void {
    const now = this.#host.clock.now();
    if (now < this.#pruneAt) return;
    const { messageRetentionMs, topic } = this.#config;
    // What the topic keeps is always there for its subscriptions.
    const keptMs = Math.max(messageRetentionMs, this.#host.topicRetentionMs(topic));
    this.#pruneAt = this.#retained.prune(now - keptMs) + keptMs;
    for (const entry of this.#entries.values()) {
      const dueMs = entry.message.publishTimeMs + keptMs;
      if (dueMs > now) {
        this.#pruneAt = Math.min(this.#pruneAt, dueMs);
        break;
      }
      if (entry.state === 'waiting' || entry.state === 'held') this.#forget(entry);
      else this.#pruneAt = now + 60_000;
    }
  }

  #current(ackId: string): Entry | undefined {
    const { sequence, delivery } = parseAckId(this.#owner, ackId);
    const entry = this.#entries.get(sequence);
    return entry?.state === 'leased' && entry.deliveries === delivery ? entry : undefined;
  }

  #ackIdOf({ sequence, deliveries }: Entry): string {
    return formatAckId(this.#owner, { sequence, delivery: deliveries });
  }
}
