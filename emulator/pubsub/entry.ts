import type { Alarm } from './alarms.ts';
import type { Consumer } from './consumer.ts';
import type { Message } from './message.ts';

/**
 * One message in one subscription.
 *
 * - `waiting`: in the backlog, to be delivered
 * - `held`: in the backlog, until its retry delay is over
 * - `leased`: with a consumer, until its ack deadline
 * - `acked`: of an ordering key, acked but kept while an earlier message of its batch is outstanding
 * - `gone`: acked, dead-lettered or expired for good
 */
export interface Entry {
  /** Position in the subscription, rising with each message. */
  readonly sequence: number;
  readonly message: Message;
  state: 'waiting' | 'held' | 'leased' | 'acked' | 'gone';
  /** Nacks and expired ack deadlines so far. */
  failures: number;
  /** The number of the latest delivery: an ack id names the delivery, so that a stale one is told apart. */
  deliveries: number;
  /** Whether a fault already made this message come twice. */
  duplicated: boolean;
  /** When leased: its holder; a pull that did not wait leaves none. */
  consumer: Consumer | undefined;
  /** When leased, the ack deadline; when held, the end of the delay. */
  alarm: Alarm | undefined;
}

export function newEntry(sequence: number, message: Message): Entry {
  return {
    sequence,
    message,
    state: 'waiting',
    failures: 0,
    deliveries: 0,
    duplicated: false,
    consumer: undefined,
    alarm: undefined,
  };
}
