import * as z from 'zod';
import { Failure } from './failure.ts';

/** The data of a `mesh.reply`: what became of the command. */
export const Reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), output: z.json() }),
  /** `undone`: all that the command did, being a workflow's run, has been undone; there is nothing left to compensate. */
  z.object({ ok: z.literal(false), error: Failure, undone: z.literal(true).optional() }),
]);
export type Reply = z.infer<typeof Reply>;

/** What a reply has beside the output: `{"ok":true,"output":…}`. */
export const REPLY_BYTES = 20;

/** The data of a `mesh.signal`. */
export const Signal = z.object({ name: z.string().min(1), payload: z.json().optional() });
export type Signal = z.infer<typeof Signal>;

/** The data of a `mesh.update`. The run stands here, as the attributes name the run and the step that wait for the answer. */
export const Update = z.object({
  run: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/),
  name: z.string().min(1),
  input: z.json().optional(),
});
export type Update = z.infer<typeof Update>;

/** Whose child a run is, where its parent ends it: no other run of the same key is touched, and one that has not begun never does. */
const AsChild = z.object({ workflow: z.string(), key: z.string(), parentRunId: z.string() });
export type AsChild = z.infer<typeof AsChild>;

/** The data of a `mesh.cancel`. */
export const Cancel = z.object({ reason: z.string().optional(), child: AsChild.optional() });
export type Cancel = z.infer<typeof Cancel>;

/** The data of a `mesh.terminate`. `compensate: false`: nothing of what the run did is undone. Default `true`. */
export const Terminate = Cancel.extend({ compensate: z.boolean().default(true) });
export type Terminate = z.infer<typeof Terminate>;

/**
 * The data of a `mesh.slot`: a run ended, which held a slot of this value of its concurrency key, or waited for one. `enter`: it is
 * there, and has no place in the queue yet.
 */
export const SlotChange = z.object({
  workflow: z.string(),
  value: z.string(),
  runId: z.string(),
  enter: z.literal(true).optional(),
});
export type SlotChange = z.infer<typeof SlotChange>;

/** The data of a `mesh.pause`. `compensation`: pauses compensations too. Default `false`. */
export const Pause = z.object({ reason: z.string().optional(), compensation: z.boolean().default(false) });
export type Pause = z.infer<typeof Pause>;
