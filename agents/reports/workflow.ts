import { defineWorkflow, hasCode, stage, type WorkflowContext } from '../../shared/index.ts';
import { notifications } from '../notifications/contract.ts';
import { Report, reports } from './contract.ts';

const DAY_MS = 86_400_000;
/** Of 100 entries each. */
const SHEETS_IN_A_TALLY = 20;

/**
 * Reports on the orders of a day, by map and reduce: the day's sheets are listed page by page, counted some at a time, and the counts
 * added up as a tree. What is counted stays in the agent's state; only names of it go through the run.
 */
export const dailyReport = defineWorkflow({
  name: 'daily-report',
  version: 1,
  input: reports['daily-report'].input,
  output: Report,
  async run(wf, { day: asked }) {
    const day = dayOf(asked, wf.now());
    const { result: tally } = await wf.mapReduce({
      read: stage(reports.page, { day, snapshot: wf.uuid() }),
      map: stage(reports.tally, { day }),
      reduce: stage(reports.combine),
      shardSize: SHEETS_IN_A_TALLY,
      concurrency: 8,
      retry: { maxAttempts: 3 },
    });
    const { report, text, to } = await wf.call(reports.file, { day, ...(tally !== undefined && { tally }) });
    if (to !== undefined) await tell(wf, to, text);
    return report;
  },
});

function dayOf(asked: string, now: Date): string {
  if (asked !== 'today' && asked !== 'yesterday') return asked;
  return new Date(now.getTime() - (asked === 'yesterday' ? DAY_MS : 0)).toISOString().slice(0, 10);
}

/** A text that can't be sent undoes no report. */
async function tell(wf: WorkflowContext, to: string, text: string): Promise<void> {
  await wf.call(notifications.notify, { to, text }, { timeout: '10m' }).catch((error: unknown) => {
    if (hasCode(error, 'RunCancelled')) throw error;
    wf.log.warn('nobody was told of the report', { error: String(error) });
  });
}
