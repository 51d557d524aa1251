import { undo } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { type Behaviour, done } from './world.ts';

/** A success that comes when nobody waits for it any more. */
export const LATE = { ok: true, output: { ref: 'late' } } as const;

/** The undo of `worker.a`, which tells what it knows. */
export const compensate = undo(
  worker.undoA,
  ({ input, output }: { input: { id: string }; output: { ref: string } | undefined }) => ({
    id: input.id,
    ...(output && { ref: output.ref }),
  }),
);

export const items = (count: number) => Array.from({ length: count }, (_, at) => ({ id: String(at) }));

/** Answers those of these ids, and nobody else. */
export const only =
  (...ids: string[]): Behaviour =>
  ({ id }: { id: string }) =>
    ids.includes(id) ? done({ ref: `ref-${id}` }) : undefined;
