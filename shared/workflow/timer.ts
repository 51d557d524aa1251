import * as z from 'zod';

/** The data of a `mesh.timer`: the timer of a step, or a look at a run that is blocked. */
export const Timer = z.discriminatedUnion('timer', [
  z.object({
    timer: z.enum(['sleep', 'timeout', 'retry']),
    step: z.string(),
    /** The attempt that a `retry` follows; else 0. */
    attempt: z.number().int(),
  }),
  z.object({ timer: z.literal('recheck'), recheck: z.number().int() }),
]);
export type Timer = z.infer<typeof Timer>;
