/**
 * The durable engine on the local cloud, agents as processes of their own: sagas at a concurrency of 50, a run that waits for many
 * calls at once, and a run of many calls in a row. Prints a table beside the goals; what is missed stays in it.
 */
import { cpus } from 'node:os';
import { paletteFor } from '../cli/output/palette.ts';
import { table } from '../cli/output/table.ts';
import { historyOf, type RunRecord } from '../shared/workflow/index.ts';
import { BenchMesh } from './engine/bench-mesh.ts';

interface Row {
  readonly figure: string;
  readonly value: string;
  readonly goal: string;
}

const SAGAS = 600;
const rows: Row[] = [];
const mesh = await BenchMesh.start();
try {
  // Both functions started, and their code warm.
  await mesh.runAll('saga', sagas(40), 20);
  await sagaRates();
  await fan(1_000, '≤ 2 s');
  await fan(10_000, '≤ 12 s');
  await chain(1_000);
} finally {
  await mesh.close();
}
process.stdout.write(
  `${cpus().length} cores, Node ${process.versions.node}\n\n${table(
    rows,
    [
      { title: 'figure', value: ({ figure }) => figure },
      { title: 'measured', align: 'right', value: ({ value }) => value },
      { title: 'goal', align: 'right', value: ({ goal }) => goal },
    ],
    paletteFor(process.stdout, process.env),
  )}\n`,
);

/** One in ten is refused at its last step, and undone. */
function sagas(count: number): { readonly fail: boolean }[] {
  return Array.from({ length: count }, (_, at) => ({ fail: at % 10 === 9 }));
}

async function sagaRates(): Promise<void> {
  mesh.resetCalls();
  const started = performance.now();
  const runs = await mesh.runAll('saga', sagas(SAGAS), 50);
  const seconds = (performance.now() - started) / 1_000;
  expectEnded(runs, SAGAS);
  const took = runs
    .map(({ createdAt, endedAt }) => (endedAt?.getTime() ?? 0) - createdAt.getTime())
    .sort((a, b) => a - b);
  const at = (share: number) => `${took[Math.floor((took.length - 1) * share)]} ms`;
  rows.push(
    {
      figure: 'sagas of 5 steps, 10 % undone, 50 at a time',
      value: `${(SAGAS / seconds).toFixed(0)} runs/s`,
      goal: '≥ 150 runs/s',
    },
    { figure: '  time of a run, median and p95', value: `${at(0.5)}, ${at(0.95)}`, goal: '' },
    { figure: '  Commit requests per run', value: ((mesh.calls.Commit ?? 0) / SAGAS).toFixed(1), goal: '' },
  );
}

async function fan(count: number, goal: string): Promise<void> {
  const started = performance.now();
  expectEnded(await mesh.runAll('fan', [{ count }], 1), 1);
  const seconds = (performance.now() - started) / 1_000;
  rows.push({
    figure: `one run of ${count.toLocaleString('en')} calls at once`,
    value: `${seconds.toFixed(2)} s`,
    goal,
  });
}

async function chain(count: number): Promise<void> {
  mesh.resetCalls();
  const started = performance.now();
  const [run] = expectEnded(await mesh.runAll('chain', [{ count }], 1), 1);
  const seconds = (performance.now() - started) / 1_000;
  const steps = historyOf(await mesh.history(run)).map(
    ({ startedAt, endedAt }) => (endedAt?.getTime() ?? 0) - startedAt.getTime(),
  );
  const mean = (part: readonly number[]) => part.reduce((sum, ms) => sum + ms, 0) / part.length;
  rows.push(
    {
      figure: `one run of ${count.toLocaleString('en')} calls in a row`,
      value: `${seconds.toFixed(2)} s`,
      goal: '',
    },
    {
      figure: '  last 100 steps to the first 100',
      value: (mean(steps.slice(-100)) / mean(steps.slice(0, 100))).toFixed(2),
      goal: '≤ 1.2',
    },
    {
      figure: '  Firestore requests per step (2 × read, commit: the run and the agent)',
      value: (total(mesh.calls) / count).toFixed(2),
      goal: '4',
    },
  );
}

function total(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

function expectEnded(runs: readonly RunRecord[], count: number): [RunRecord, ...RunRecord[]] {
  const [first, ...rest] = runs;
  const wrong = runs.find(({ status }) => status !== 'completed' && status !== 'failed');
  if (!first || runs.length !== count || wrong) throw new Error(`a run is ${wrong?.status ?? 'missing'}`);
  return [first, ...rest];
}
