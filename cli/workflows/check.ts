import { glob, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HostedWorkflows, loadWorkflows } from '../../agents/workflows.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import {
  cancellableRuns,
  checkHistory,
  type ExportedRun,
  exportedPayloads,
  exportRun,
  type Mismatch,
  parseExportedRun,
  recordedRun,
} from '../../shared/workflow/runs/index.ts';
import type { CheckOptions } from '../commands/workflows.ts';
import type { Io } from '../io.ts';
import { type Format, Printer } from '../output/printer.ts';
import { findTarget, withPorts } from '../target.ts';

/** What became of one history. */
interface Checked extends Pick<ExportedRun, 'workflow' | 'version' | 'key'> {
  /** The file, or the run's id. */
  readonly history: string;
  readonly result: 'pass' | 'fail';
  readonly mismatch?: Mismatch;
}

interface Recorded {
  readonly from: string;
  readonly run: ExportedRun;
}

/** Replays histories against the code of this checkout. Returns the exit code: 1 where one does not match. */
export async function check(
  io: Io,
  format: Format,
  options: CheckOptions,
  files: readonly string[],
): Promise<number> {
  if (options.runs && files.length > 0) {
    throw new MeshError('UsageInvalid', 'give files or --runs, not both', { field: '--runs' });
  }
  const hosts = await loadWorkflows(options.agents && resolve(io.cwd, options.agents));
  const checked: Checked[] = [];
  for await (const recorded of options.runs ? activeRuns(io, options) : exportedRuns(io, options, files))
    checked.push(await checkOne(recorded, hosts));
  const printer = new Printer(io, format);
  printer.rows(
    checked,
    [
      {
        title: 'RESULT',
        value: ({ result }, { green, red }) => (result === 'pass' ? green(result) : red(result)),
      },
      { title: 'HISTORY', value: ({ history }) => history },
      { title: 'WORKFLOW', value: ({ workflow, version }) => `${workflow} (version ${version})` },
      { title: 'KEY', value: ({ key }) => key },
      { title: 'FIRST DIFFERENCE', value: ({ mismatch }) => mismatchText(mismatch) },
    ],
    'There are no histories to check.',
  );
  return checked.some(({ result }) => result === 'fail') ? 1 : 0;
}

async function checkOne({ from, run }: Recorded, hosts: readonly HostedWorkflows[]): Promise<Checked> {
  const { workflow, version, key, agent, runId, history } = run;
  const host = hosts.find(({ contract }) => contract.name === agent);
  const definition = host?.definitions.find((each) => each.name === workflow && each.version === version);
  const mismatch: Mismatch | undefined =
    host && definition
      ? await checkHistory(
          history,
          { definition, contract: host.contract, facts: { runId, key } },
          exportedPayloads(run),
        )
      : {
          code: 'VersionUnknown',
          message: `the code holds no version ${version} of ${workflow}, on ${agent}`,
        };
  const facts = { history: from, workflow, version, key };
  return mismatch ? { ...facts, result: 'fail', mismatch } : { ...facts, result: 'pass' };
}

function mismatchText(mismatch: Mismatch | undefined): string {
  if (!mismatch) return '';
  const { message, line } = mismatch;
  return line === undefined ? message : `${message}, at ${line}`;
}

async function* exportedRuns(
  io: Io,
  { agents }: CheckOptions,
  files: readonly string[],
): AsyncGenerator<Recorded> {
  for (const from of files.length > 0 ? files : await histories(agents && resolve(io.cwd, agents))) {
    const text = await readFile(resolve(io.cwd, from), 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new MeshError('NotFound', `the file ${JSON.stringify(from)} can't be read (${cause.code})`, {
        field: 'files',
        cause,
      });
    });
    yield { from, run: parseExportedRun(parse(text, from), from) };
  }
}

function parse(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MeshError('NotJson', `${from} is not JSON`, { field: 'files', cause });
  }
}

/** Histories that are kept beside the workflows that they were recorded of. */
async function histories(
  agents = fileURLToPath(new URL('../../agents', import.meta.url)),
): Promise<string[]> {
  const found: string[] = [];
  for await (const file of glob('*/histories/*.json', { cwd: agents })) found.push(join(agents, file));
  return found.sort();
}

/** Those that a deploy of this code would have to bring on. */
async function* activeRuns(io: Io, options: CheckOptions): AsyncGenerator<Recorded> {
  const runs = await withPorts(findTarget(io, options), async ({ store }) => {
    const all: Recorded[] = [];
    for await (const run of cancellableRuns(store, {}))
      all.push({ from: run.runId, run: exportRun(await recordedRun(store, run)) });
    return all;
  });
  yield* runs;
}
