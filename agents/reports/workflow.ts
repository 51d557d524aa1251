import { defineWorkflow, hasCode, type WorkflowContext } from '../../shared/index.ts';
import { notifications } from '../notifications/contract.ts';
import { Report, reports, type SheetRef } from './contract.ts';

const DAY_MS = 86_400_000;
/** Of 100 entries each. */
const SHEETS_IN_A_TALLY = 20;
const TALLIES_IN_A_SUM = 20;
const CALLS_AT_A_TIME = 8;

/**
 * Reports on the orders of a day, by map and reduce: the day's sheets are listed, counted some at a time, and the counts added up as
 * a tree. What is counted stays in the agent's state; only names of it go through the run.
 */
export const dailyReport = defineWorkflow({
  name: 'daily-report',
  version: 1,
  input: reports['daily-report'].input,
  output: Report,
  async run(wf, { day: asked }) {
    const day = dayOf(asked, wf.now());
    const sheets = await list(wf, day);
    const tally = await reduce(
      wf,
      await map(inGroups(sheets, SHEETS_IN_A_TALLY), (group) =>
        wf.call(reports.tally, { day, items: group }),
      ),
    );
    const { report, text, to } = await wf.call(reports.file, { day, ...(tally !== undefined && { tally }) });
    if (to !== undefined) await tell(wf, to, text);
    return report;
  },
});

function dayOf(asked: string, now: Date): string {
  if (asked !== 'today' && asked !== 'yesterday') return asked;
  return new Date(now.getTime() - (asked === 'yesterday' ? DAY_MS : 0)).toISOString().slice(0, 10);
}

async function list(wf: WorkflowContext, day: string): Promise<SheetRef[]> {
  const snapshot = wf.uuid();
  const sheets: SheetRef[] = [];
  let token: string | null = null;
  do {
    const page: { items: SheetRef[]; next?: string | undefined } = await wf.call(reports.page, {
      day,
      snapshot,
      token,
    });
    sheets.push(...page.items);
    token = page.next ?? null;
  } while (token !== null);
  return sheets;
}

/** Undefined of none. */
async function reduce(wf: WorkflowContext, tallies: readonly string[]): Promise<string | undefined> {
  if (tallies.length <= 1) return tallies[0];
  const sums = await map(inGroups(tallies, TALLIES_IN_A_SUM), (group) =>
    wf.call(reports.combine, { results: group }),
  );
  return reduce(wf, sums);
}

/** So many calls at a time, one batch after the other. */
async function map<Item, Result>(
  items: readonly Item[],
  call: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const batch of inGroups(items, CALLS_AT_A_TIME)) results.push(...(await Promise.all(batch.map(call))));
  return results;
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}

/** A text that can't be sent undoes no report. */
async function tell(wf: WorkflowContext, to: string, text: string): Promise<void> {
  await wf.call(notifications.notify, { to, text }, { timeout: '10m' }).catch((error: unknown) => {
    if (hasCode(error, 'RunCancelled')) throw error;
    wf.log.warn('nobody was told of the report', { error: String(error) });
  });
}
