import type { UndoEntry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import { CallStep } from './operations/call-step.ts';
import { ChildStep } from './operations/child-step.ts';
import { UndoStep } from './operations/undo-step.ts';

/**
 * The compensation to start now, if any (I8). They run one after the other, in reverse order of step start:
 * - when the run failed or was cancelled, for each step that had its effect or may have had it;
 * - while or after a run goes on without the step, for one that succeeded after the run had been told that it failed (I10);
 * - once more for a step that turns out to have had its effect after its compensation was run without knowing.
 */
export function nextUndo(ledger: Ledger): UndoEntry | undefined {
  const { unwinding } = ledger;
  if (ledger.outcome === 'terminated' && !unwinding) return undefined;
  // The rule, and it must not cost more the longer the history is.
  if (!unwinding && !ledger.hasLate) return undefined;
  const undos = new Map<string, { count: number; known: boolean }>();
  for (const undo of ledger.undos()) {
    if (undo.status === 'open') return undefined;
    const { count = 0, known = false } = undos.get(undo.entry.of) ?? {};
    undos.set(undo.entry.of, { count: count + 1, known: known || undo.entry.known });
  }
  for (const step of [...ledger.steps.values()].reverse()) {
    // A child that was told to end undoes what it did, before what was done before it is undone.
    if (unwinding && step instanceof ChildStep && step.underWay) return undefined;
    if (!(step instanceof CallStep) || !step.entry.undo || step.effect === 'none') continue;
    if (!unwinding && !step.late) continue;
    const before = undos.get(step.entry.id);
    const known = step.effect === 'known';
    if (before && (before.known || !known)) continue;
    const { id, undo } = step.entry;
    const undoId = before ? `undo-${id}-${before.count + 1}` : `undo-${id}`;
    const { agent, name } = undo;
    const refused = known && step.undoFailure;
    const entry = { e: 'step', op: 'undo', id: undoId, name, agent, at: ledger.time, of: id, known } as const;
    return refused ? { ...entry, refused } : entry;
  }
  return undefined;
}

/** Whether a compensation is on its way, or a child that was told to end has not ended yet. */
export function undoing(ledger: Ledger): boolean {
  if (!ledger.unwinding) return false;
  for (const step of ledger.open.values()) if (step instanceof UndoStep) return true;
  return endingChildren(ledger).next().done !== true;
}

/** Children that were told to end, and whose end a run that is being undone waits for. */
export function* endingChildren({ unwinding, steps }: Ledger): Generator<ChildStep> {
  if (!unwinding) return;
  for (const step of steps.values()) if (step instanceof ChildStep && step.underWay) yield step;
}
