import { keysUnavailable } from '../contract/encryption.ts';
import { MeshError } from '../contract/errors.ts';
import { toError } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import { endReply, type RunRecord } from '../workflow/index.ts';

/**
 * The output of a run that ended.
 *
 * @throws MeshError the failure of the run: `RunCancelled`, `RunTerminated`, `CompensationFailed`, or the failure of its code
 */
export function outputOfRun(run: RunRecord): Json {
  if (run.closed && run.status === 'completed')
    throw keysUnavailable(`the output of the run ${run.runId} is encrypted`);
  const reply = endReply(run);
  if (reply.ok) return reply.output;
  throw toError(reply.error);
}

/** Says that a run has not ended in time, and what it waits for. */
export function runTimeout(runId: string, run: RunRecord | undefined, timeoutMs: number): MeshError {
  return new MeshError(
    'Timeout',
    `after ${timeoutMs / 1_000} s the run ${runId} ${run ? standing(run) : 'has not begun'}`,
    {
      hint: run
        ? (HINTS[run.status] ?? goesOn(runId))
        : 'Its start may still be on its way. Look at the log of its agent.',
    },
  );
}

function standing({ status, failure, paused, waitingFor }: RunRecord): string {
  if (status === 'blocked' && failure) return `is blocked: ${failure.message}`;
  if (status === 'paused' && paused?.reason !== undefined) return `is paused: ${paused.reason}`;
  return `is ${status}${waitingFor.length > 0 ? `, waiting for ${waitingFor.join(', ')}` : ''}`;
}

const goesOn = (runId: string) => `It goes on by itself. Look at it with: mesh runs show ${runId}`;

const HINTS: Partial<Record<RunRecord['status'], string>> = {
  blocked: 'It goes on when code that matches its history is deployed.',
  paused: 'It goes on when an operator resumes it: mesh runs resume',
};
