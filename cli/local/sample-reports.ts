import { Report } from '../../agents/reports/contract.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { RunRecord } from '../../shared/workflow/index.ts';
import { failureText } from '../runs/run-text.ts';
import { watchRuns } from './run-watch.ts';
import { composeFor, type Flow, send } from './sample-flow.ts';

const DAY_MS = 86_400_000;

/**
 * Sends the message of the daily report for each day, by UTC, on which orders ended, as its schedule will, and waits for the reports.
 *
 * @throws MeshError `Timeout`; `WorkflowFailed` where a report can't be made
 */
export async function makeReports(
  flow: Flow,
  orders: readonly RunRecord[],
  timeoutMs: number,
): Promise<Report[]> {
  const messages = daysOf(orders, flow.ports.clock.now()).map((day) =>
    composeFor(flow, 'reports', 'daily-report', { day }, { schedule: 'daily-report' }),
  );
  const runIds = new Set(messages.map(({ runId = '' }) => runId));
  await send(flow, messages);
  const runs = await watchRuns(flow.ports, runIds, { timeoutMs, signal: flow.signal });
  return [...runs.values()].map(({ output, failure }) => {
    if (failure) throw new MeshError('WorkflowFailed', `no report was made: ${failureText(failure)}`);
    return Report.parse(output);
  });
}

/** From the day of the first start to this one: a sample may run into the next. */
function daysOf(orders: readonly RunRecord[], now: number): string[] {
  const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);
  const first = orders.reduce((least, { createdAt }) => Math.min(least, createdAt.getTime()), now);
  const count = (Date.parse(dayOf(now)) - Date.parse(dayOf(first))) / DAY_MS + 1;
  return Array.from({ length: count }, (_, at) => dayOf(first + at * DAY_MS));
}
