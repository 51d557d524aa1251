import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { findRun } from '../../shared/client/run-lookup.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { type Entry, type RunStatus, readHistory } from '../../shared/workflow/index.ts';
import { exportRun, purgeRuns, recordedRun } from '../../shared/workflow/runs/index.ts';
import { confirm } from '../confirm.ts';
import type { Io } from '../io.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { findTarget, withPorts } from '../target.ts';

/** Every entry of a run's history, as it was recorded. */
export async function history(io: Io, format: Format, options: TargetOptions, name: string): Promise<void> {
  const entries = await withPorts(findTarget(io, options), async ({ store }) =>
    readHistory(store, await findRun(store, name)),
  );
  new Printer(io, format).rows(
    entries,
    [
      { title: 'AT', value: (entry) => ('at' in entry ? new Date(entry.at).toISOString() : '') },
      { title: 'ENTRY', value: ({ e }, { bold }) => bold(e) },
      { title: 'STEP', value: stepOf },
      {
        title: 'WHAT',
        value: (entry) => ('op' in entry ? `${entry.op} ${entry.name}` : 'name' in entry ? entry.name : ''),
      },
      { title: 'DATA', value: dataOf },
    ],
    'The history is empty.',
  );
}

function stepOf(entry: Entry): string {
  if (entry.e === 'step') return entry.id;
  return 'step' in entry ? entry.step : '';
}

/** What the other columns do not say, on one line. */
function dataOf(entry: Entry): string {
  const told = new Set(['e', 'at', 'step', 'id', 'op', 'name', 'seed']);
  const rest = Object.entries(entry).filter(([field]) => !told.has(field));
  return rest.map(([field, value]) => `${field}=${JSON.stringify(value)}`).join(' ');
}

export interface ExportOptions extends TargetOptions {
  readonly to?: string;
}

/** Writes a run with its whole history, as JSON that the replay check reads. */
export async function exportTo(io: Io, format: Format, options: ExportOptions, name: string): Promise<void> {
  const exported = await withPorts(findTarget(io, options), async ({ store }) => {
    const run = await findRun(store, name);
    return exportRun(await recordedRun(store, run));
  });
  const json = JSON.stringify(exported, null, format === 'jsonl' ? undefined : 2);
  if (options.to === undefined) {
    io.stdout.write(`${json}\n`);
    return;
  }
  const file = resolve(io.cwd, options.to);
  await writeFile(file, `${json}\n`).catch((cause: NodeJS.ErrnoException) => {
    throw new MeshError('NotFound', `${file} can't be written (${cause.code})`, { field: '--to', cause });
  });
  const { runId, history: entries } = exported;
  new Printer(io, format).item(
    { runId, file, entries: entries.length },
    () => `the run ${runId} is in ${file}`,
  );
}

export interface PurgeOptions extends TargetOptions {
  readonly olderThan: Date;
  readonly status?: RunStatus;
  readonly workflow?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Deletes runs that ended long enough ago. Returns the exit code: 8 where the answer was no. */
export async function purge(io: Io, format: Format, options: PurgeOptions): Promise<number> {
  const { olderThan: endedBefore, status, workflow, dryRun = false, yes } = options;
  const filter = { endedBefore, ...(status && { status }), ...(workflow !== undefined && { workflow }) };
  return withPorts(findTarget(io, options), async ({ store }) => {
    const printer = new Printer(io, format);
    const found = await purgeRuns(store, filter, { dryRun: true });
    if (!dryRun && found.runs > 0 && !(await confirm(io, `delete ${found.runs} runs`, yes))) return 8;
    const onPage = ({ runs }: { readonly runs: number }) => {
      if (format === 'table') printer.note(`deleted ${runs} of ${found.runs} runs`);
    };
    const purged = dryRun ? found : await purgeRuns(store, filter, { onPage });
    printer.item({ ...purged, dryRun }, () =>
      dryRun
        ? `${purged.runs} runs ended before ${endedBefore.toISOString()}`
        : `deleted ${purged.runs} runs, ${purged.documents} documents in all`,
    );
    return 0;
  });
}
