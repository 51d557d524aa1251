import * as z from 'zod';
import { DeadLetter, defineAgent } from '../../shared/contract/index.ts';

/** A dead letter as it is kept, at `deadLetters/{id}`: what died, of what, and the original as it came, so that it can be sent again. */
export const DeadLetterRecord = z.object({
  id: z.string(),
  /** The agent that gave up on it, or whose deliveries were exhausted. */
  agent: z.string(),
  /** The type of the message, where it said one. */
  type: z.string().optional(),
  code: DeadLetter.shape.failure.shape.code,
  message: z.string(),
  field: z.string().optional(),
  reason: z.string().optional(),
  /** The details of a refusal, as JSON. */
  details: z.string().optional(),
  /** Of what copies of it died before, the latest first. */
  earlier: z
    .array(z.object({ code: DeadLetter.shape.failure.shape.code, message: z.string(), lastSeen: z.string() }))
    .optional(),
  original: DeadLetter.shape.original,
  /** Delivery attempts before it was given up on; 0 where nobody counted. */
  attempts: z.int().min(0),
  /** RFC 3339. */
  firstSeen: z.string(),
  lastSeen: z.string(),
  status: z.enum(['open', 'redriven']),
  /** How often the message has been sent again. */
  redrives: z.int().min(0),
});
export type DeadLetterRecord = z.infer<typeof DeadLetterRecord>;

/** The record as the dead letter that it was made from: what `toRedrive` sends again. */
export function asDeadLetter(record: DeadLetterRecord): DeadLetter {
  const { id, agent, code, message, field, reason, details, original, attempts } = record;
  return {
    id,
    agent,
    failure: {
      code,
      message,
      ...(field !== undefined && { field }),
      ...(reason !== undefined && { reason }),
      ...(details !== undefined && { details }),
    },
    original,
    ...(attempts > 0 && { deliveryAttempts: attempts }),
  };
}

export const deadLetters = defineAgent({
  name: 'dead-letters',
  description: 'Records every dead letter with its reason and its original, and raises the alarm.',
  recordsDeadLetters: true,
  // As often as Pub/Sub allows: what is not recorded here is only kept on a subscription that nobody is pushed from.
  retry: { minBackoff: '1s', maxBackoff: '600s', maxAttempts: 100 },
  state: { collection: 'deadLetters', schema: DeadLetterRecord, keep: '30d' },
});
