import { ERROR_CATALOGUE } from '../../../shared/contract/errors.ts';
import type { RunRecord } from '../../../shared/workflow/run-record.ts';

/** Whether a run failed because a command of its was given up on: too much went wrong, and nothing was done wrong. */
export function unlucky({ status, failure }: RunRecord): boolean {
  if (status !== 'failed' || !failure) return false;
  return ERROR_CATALOGUE[failure.code].retry || failure.code === 'DeliveriesExhausted';
}
