import type { StatusError } from '../wire/status.ts';
import type { Alarm, Alarms } from './alarms.ts';
import { type Consumer, type Delivery, PULL_LAG_MS, type Room } from './consumer.ts';
import type { Subscription } from './subscription.ts';

export interface PullWaitOptions {
  readonly maxMessages: number;
  /** When to answer with nothing, in milliseconds since the epoch. */
  readonly untilMs: number;
  /** Its abort ends the wait with no messages. */
  readonly signal?: AbortSignal | undefined;
}

/** Waits for the first messages of a subscription and takes them. Rejects if the subscription goes away meanwhile. */
export function waitForMessages(
  subscription: Subscription,
  alarms: Alarms,
  { maxMessages, untilMs, signal }: PullWaitOptions,
): Promise<readonly Delivery[]> {
  return new Promise((resolve, reject) => {
    const wait: Consumer & { timer: Alarm; end(deliveries: readonly Delivery[]): void } = {
      perKey: maxMessages,
      lagMs: PULL_LAG_MS,
      timer: alarms.set(untilMs, () => wait.end([])),
      room: (): Room => ({ messages: maxMessages, bytes: Number.POSITIVE_INFINITY }),
      deliver: (deliveries) => wait.end(deliveries),
      released: () => {},
      closed(reason: StatusError) {
        wait.timer.cancel();
        reject(reason);
      },
      end(deliveries) {
        wait.timer.cancel();
        subscription.detach(wait);
        resolve(deliveries);
      },
    };
    if (signal?.aborted) return wait.end([]);
    signal?.addEventListener('abort', () => wait.end([]), { once: true });
    subscription.attach(wait);
  });
}
