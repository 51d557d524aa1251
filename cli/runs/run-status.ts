import type { RunRecord, RunStatus } from '../../shared/workflow/index.ts';
import { EXIT } from '../output/exit-code.ts';
import type { Palette } from '../output/palette.ts';

export const STATUSES = [
  'running',
  'compensating',
  'completed',
  'failed',
  'cancelled',
  'compensation_failed',
  'blocked',
  'paused',
  'waiting',
  'terminated',
  'continued',
] as const satisfies readonly RunStatus[];

const ENDED: ReadonlySet<RunStatus> = new Set([
  'completed',
  'failed',
  'cancelled',
  'compensation_failed',
  'terminated',
  'continued',
]);

export const hasEnded = ({ status }: Pick<RunRecord, 'status'>) => ENDED.has(status);

/** With what `--wait` exits. */
export function exitCodeOfRun(status: RunStatus): number {
  if (status === 'completed') return 0;
  return status === 'cancelled' ? EXIT.cancelled : EXIT.generic;
}

const YELLOW: ReadonlySet<RunStatus> = new Set(['compensating', 'cancelled', 'terminated', 'paused']);

export function paintStatus(status: RunStatus, palette: Palette): string {
  if (status === 'completed') return palette.green(status);
  if (status === 'running' || status === 'waiting' || status === 'continued') return palette.cyan(status);
  return YELLOW.has(status) ? palette.yellow(status) : palette.red(status);
}
