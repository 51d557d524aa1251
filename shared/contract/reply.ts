import * as z from 'zod';
import { Failure } from './failure.ts';

/** The data of a `mesh.reply`: what became of the command. */
export const Reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), output: z.json() }),
  z.object({ ok: z.literal(false), error: Failure }),
]);
export type Reply = z.infer<typeof Reply>;

/** The data of a `mesh.signal`. */
export const Signal = z.object({ name: z.string().min(1), payload: z.json().optional() });
export type Signal = z.infer<typeof Signal>;

/** The data of a `mesh.cancel`. */
export const Cancel = z.object({ reason: z.string().optional() });
export type Cancel = z.infer<typeof Cancel>;
