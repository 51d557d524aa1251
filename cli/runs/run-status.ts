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
] as const satisfies readonly RunStatus[];

const ENDED: ReadonlySet<RunStatus> = new Set(['completed', 'failed', 'cancelled', 'compensation_failed']);

export const hasEnded = ({ status }: Pick<RunRecord, 'status'>) => ENDED.has(status);

/** With what `--wait` exits. */
export function exitCodeOfRun(status: RunStatus): number {
  if (status === 'completed') return 0;
  return status === 'cancelled' ? EXIT.cancelled : EXIT.generic;
}

export function paintStatus(status: RunStatus, palette: Palette): string {
  if (status === 'completed') return palette.green(status);
  if (status === 'running') return palette.cyan(status);
  return status === 'compensating' || status === 'cancelled' ? palette.yellow(status) : palette.red(status);
}
