import { type Clock, sleep } from '../../shared/contract/clock.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Store } from '../../shared/contract/store.ts';
import type { RunRecord } from '../../shared/workflow/index.ts';
import { readRun } from '../../shared/workflow/runs/index.ts';
import { hasEnded } from './run-status.ts';

const FIRST_LOOK_MS = 50;
const LONGEST_BETWEEN_MS = 1_000;

/**
 * Waits until the run has ended, and returns it. `alreadyDead` is asked in between whether its start became a dead letter.
 *
 * @throws MeshError `Timeout`, saying what the run waits for; what `orFail` throws
 */
export async function waitForRun(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  runId: string,
  { timeoutMs, orFail }: { readonly timeoutMs: number; readonly orFail?: () => Promise<void> },
): Promise<RunRecord> {
  const deadline = clock.now() + timeoutMs;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(LONGEST_BETWEEN_MS, pause * 1.5)) {
    const run = await readRun(store, runId);
    if (run && hasEnded(run)) return run;
    if (!run) await orFail?.();
    const left = deadline - clock.now();
    if (left <= 0) throw timeout(runId, run, timeoutMs);
    await sleep(clock, Math.min(pause, left));
  }
}

function timeout(runId: string, run: RunRecord | undefined, timeoutMs: number): MeshError {
  const state = run
    ? `is ${run.status}${run.waitingFor.length > 0 ? `, waiting for ${run.waitingFor.join(', ')}` : ''}`
    : 'has not begun';
  return new MeshError('Timeout', `after ${timeoutMs / 1_000} s the run ${runId} ${state}`, {
    hint: `It goes on by itself. Look at it with: mesh runs show ${runId}`,
  });
}
