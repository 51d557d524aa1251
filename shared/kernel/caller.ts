import { MeshError } from '../contract/errors.ts';
import type { Message } from '../contract/message.ts';
import { runPath } from '../contract/names.ts';
import type { StoredDocument } from '../contract/store.ts';

/** Statuses of a run whose code has been ended, so that it waits for no answer but those of its compensations. */
const ENDED = new Set(['compensating', 'failed', 'cancelled', 'terminated', 'compensation_failed']);

/** The document that tells whether the outcome of a message is still waited for. Undefined: nothing tells. */
export function callerDocument({ runId, replyTo, stepId }: Message): string | undefined {
  const told = runId !== undefined && replyTo !== undefined && stepId !== undefined && !isUndo(stepId);
  return told ? runPath(runId) : undefined;
}

/**
 * That nobody waits for the outcome of a message any more, as the document of its run has it: the run was cancelled, terminated or failed, or
 * let the step go. A run that returned is not asked: what it left open goes on.
 */
export function callerGone(message: Message, run: StoredDocument | undefined): MeshError | undefined {
  const why = run ? whyGone(run, message.stepId ?? '') : 'is not there any more';
  return why === undefined
    ? undefined
    : new MeshError('CallerGone', `the run that waited for the outcome ${why}`, { field: 'runId' });
}

function whyGone({ fields }: StoredDocument, stepId: string): string | undefined {
  const { status, history } = fields;
  if (typeof status === 'string' && ENDED.has(status)) return `is ${status}`;
  const step = stepId.replace(/\.\d+$/, '');
  return typeof history === 'string' && isLetGo(history, step) ? 'has let the step go' : undefined;
}

/** Whether the tail of a history says that the step was let go: it lost a race, or its scope was cancelled. */
function isLetGo(history: string, step: string): boolean {
  if (!history.includes('"op":"cancel"')) return false;
  try {
    const entries: unknown = JSON.parse(history);
    return Array.isArray(entries) && entries.some((entry) => letsGo(entry, step));
  } catch {
    return false;
  }
}

function letsGo(entry: unknown, step: string): boolean {
  const { op, steps } = (entry ?? {}) as { readonly op?: unknown; readonly steps?: unknown };
  // A branch is let go with its group.
  return (
    op === 'cancel' && Array.isArray(steps) && [step, step.split('/', 1)[0]].some((id) => steps.includes(id))
  );
}

/** A compensation is shielded from cancellation (I8). */
function isUndo(stepId: string): boolean {
  return stepId.startsWith('undo-');
}
