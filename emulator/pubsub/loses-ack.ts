import type { Entry } from './entry.ts';
import type { Faults } from './faults.ts';
import type { SubscriptionConfig } from './subscription-config.ts';

/** Whether a fault makes the ack of a push get lost, so that the message comes twice: once for a message at most. */
export function losesAck(faults: Faults, { name, pushConfig }: SubscriptionConfig, entry: Entry): boolean {
  if (!pushConfig || entry.duplicated || !faults.duplicate) return false;
  entry.duplicated = faults.duplicate({ ...entry.message, subscription: name });
  return entry.duplicated;
}
