import type { Message } from './message.ts';

/** A message on its way to one subscription, as a fault sees it. */
export interface RoutedMessage extends Message {
  readonly subscription: string;
}

/** Faults to inject, for showing what at-least-once delivery means. They decide; the broker stays deterministic. */
export interface Faults {
  /** True: this push message is delivered once more although it was acked, as when an ack is lost. Asked once a message. */
  duplicate?(message: RoutedMessage): boolean;
  /** Milliseconds by which the first delivery is put off; 0 for none. Asked once a message. */
  delayMs?(message: RoutedMessage): number;
}
