import * as z from 'zod';
import { Failure } from './failure.ts';

/** A message that was given up on, as it reaches the agent that records dead letters: the original whole, and why it died. */
export const DeadLetter = z.object({
  /** The same for every copy of one death; another after a redrive. */
  id: z.string(),
  /** The agent that gave up on it, or whose deliveries were exhausted. */
  agent: z.string(),
  failure: Failure,
  deliveryAttempts: z.number().int().optional(),
  /** It asks for its reply to go where its agent may not reply: nobody is told of it. */
  untold: z.literal(true).optional(),
  original: z.object({
    /** Base64: the bytes as they came, JSON or not. Empty where they are kept in `chunks`. */
    data: z.string(),
    /** How many documents hold the data, where it is too large for one. */
    chunks: z.number().int().positive().optional(),
    attributes: z.record(z.string(), z.string()),
    messageId: z.string(),
    publishTime: z.string(),
    orderingKey: z.string().optional(),
  }),
});
export type DeadLetter = z.infer<typeof DeadLetter>;
