import type { FaultRule } from './providers/index.ts';
import { seededRandom } from './providers/random.ts';
import type { Faults } from './pubsub/faults.ts';

export type ProviderName = 'stripe' | 'twilio' | 'calendar' | 'shipping';

/** What goes wrong in a local cloud. */
export interface CloudFaults {
  readonly pubsub?: Faults;
  readonly providers?: Readonly<Partial<Record<ProviderName, readonly FaultRule[]>>>;
}

/** An ordinary day: the shipping service fails now and then, and is slow at times. */
export const ordinaryDay: CloudFaults = {
  providers: {
    shipping: [
      { kind: 'fail', status: 503, probability: 0.05 },
      { kind: 'slow', delayMs: 150, probability: 0.1 },
    ],
  },
};

/** The share of messages that are delivered once more although they were acked. */
const DUPLICATES = 0.15;

/** A bad day: messages come twice, and every provider fails, is slow, or does the work without ever answering. */
export function badDay(seed: number): CloudFaults {
  const random = seededRandom(seed ^ 0xbadd);
  const unkind: readonly FaultRule[] = [
    { kind: 'timeoutAfterWork', probability: 0.05 },
    { kind: 'fail', status: 500, probability: 0.05 },
    { kind: 'slow', delayMs: 300, probability: 0.05, phase: 'after' },
  ];
  return {
    pubsub: { duplicate: () => random() < DUPLICATES },
    providers: { stripe: unkind, twilio: unkind, calendar: unkind, shipping: unkind },
  };
}
