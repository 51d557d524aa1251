/**
 * The durable engine on the local cloud, agents as processes of their own: sagas at a concurrency of 50, a run that waits for many
 * calls at once, one of many calls in a row, a map-reduce, the sample's orders; the pure core alone; and what each operation costs.
 * Prints tables beside the goals, and beside what other systems come to; what is missed stays in them (docs/performance.md says why).
 */
import { cpus, loadavg } from 'node:os';
import { paletteFor } from '../cli/output/palette.ts';
import { table } from '../cli/output/table.ts';
import { runPath } from '../shared/contract/names.ts';
import { historyOf, type RunRecord } from '../shared/workflow/index.ts';
import { BenchMesh } from './engine/bench-mesh.ts';
import { coreRun } from './engine/core.ts';
import { type Cost, costs } from './engine/operations.ts';
import { orders } from './engine/orders.ts';
import { count, quantile, type Row } from './engine/row.ts';

const SAGAS = 600;
const ITEMS = 100_000;
/** Of the other systems: on two such cores, each in one worker process (docs/performance.md). */
const PEERS = {
  saga: 'Restate 671 (p95 114 ms), DBOS 507 (141 ms), Workflow SDK 27',
  thousand: 'Restate 0.34–0.48 s, DBOS 0.3–3 s, durabletask 2.8 s',
  tenThousand: 'Restate 9–35 s, DBOS 3–12 s',
  chain: 'Restate and DBOS 0.8, durabletask 16',
} as const;

const rows: Row[] = [];
const [load = 0] = loadavg();
await core();
const mesh = await BenchMesh.start();
let operations: Cost[];
try {
  // Both functions started, and their code warm.
  await mesh.runAll('saga', sagas(200), 50);
  await sagaRates();
  await fan(1_000, '≤ 2 s', PEERS.thousand);
  await fan(10_000, '≤ 12 s', PEERS.tenThousand);
  await chain(1_000);
  operations = await costs(mesh);
  await mapReduce();
} finally {
  await mesh.close();
}
rows.push(...(await orders()));
print();

/** One in ten is refused at its last step, and undone. */
function sagas(number: number): { readonly fail: boolean }[] {
  return Array.from({ length: number }, (_, at) => ({ fail: at % 10 === 9 }));
}

async function core(): Promise<void> {
  for (const [name, steps, what] of [
    ['chain', 20_000, 'in a row'],
    ['fan', 10_000, 'at once'],
  ] as const) {
    await coreRun(name, 1_000);
    const { events, cpuMs } = await coreRun(name, steps);
    rows.push({
      figure: `engine core alone, ${count(steps)} calls ${what}`,
      value: `${count(Math.round((events / cpuMs) * 1_000))} events/s`,
      goal: '≥ 50,000 events/s',
    });
  }
}

async function sagaRates(): Promise<void> {
  mesh.traffic.reset();
  const before = mesh.processorMs;
  const started = performance.now();
  const runs = await mesh.runAll('saga', sagas(SAGAS), 50);
  const seconds = (performance.now() - started) / 1_000;
  const after = mesh.processorMs;
  expectEnded(runs, SAGAS);
  const took = runs.map(({ createdAt, endedAt }) => (endedAt?.getTime() ?? 0) - createdAt.getTime());
  const { BatchGetDocuments = 0, Commit = 0 } = mesh.traffic.sinceReset.requests;
  rows.push({
    figure: 'sagas of 5 steps, 10 % undone, 50 at a time',
    value: `${(SAGAS / seconds).toFixed(0)} runs/s`,
    goal: '≥ 150 runs/s',
    note: PEERS.saga,
  });
  rows.push({
    figure: '  time of a run, median and p95',
    value: `${quantile(took, 0.5)} ms, ${quantile(took, 0.95)} ms`,
    goal: '',
  });
  if (before !== undefined && after !== undefined)
    rows.push({
      figure: '  processor time of a run, three processes',
      value: `${((after - before) / SAGAS).toFixed(1)} ms`,
      goal: '',
    });
  rows.push({
    figure: '  reads and commits of a run',
    value: `${(BatchGetDocuments / SAGAS).toFixed(1)}, ${(Commit / SAGAS).toFixed(1)}`,
    goal: '',
  });
}

async function fan(calls: number, goal: string, note: string): Promise<void> {
  const started = performance.now();
  expectEnded(await mesh.runAll('fan', [{ count: calls }], 1), 1);
  const seconds = (performance.now() - started) / 1_000;
  rows.push({
    figure: `one run of ${count(calls)} calls at once`,
    value: `${seconds.toFixed(2)} s`,
    goal,
    note,
  });
}

async function chain(calls: number): Promise<void> {
  mesh.traffic.reset();
  const started = performance.now();
  const [run] = expectEnded(await mesh.runAll('chain', [{ count: calls }], 1), 1);
  const seconds = (performance.now() - started) / 1_000;
  const requests = Object.values(mesh.traffic.sinceReset.requests).reduce((sum, each) => sum + each, 0);
  const steps = historyOf(await mesh.history(run)).map(
    ({ startedAt, endedAt }) => (endedAt?.getTime() ?? 0) - startedAt.getTime(),
  );
  const mean = (part: readonly number[]) => part.reduce((sum, ms) => sum + ms, 0) / part.length;
  rows.push(
    { figure: `one run of ${count(calls)} calls in a row`, value: `${seconds.toFixed(2)} s`, goal: '' },
    {
      figure: '  last 100 steps to the first 100',
      value: (mean(steps.slice(-100)) / mean(steps.slice(0, 100))).toFixed(2),
      goal: '≤ 1.2',
      note: PEERS.chain,
    },
    {
      figure: '  Firestore requests per step',
      value: (requests / calls).toFixed(2),
      goal: '≤ 3',
      note: 'a commit of the run and one of the agent; a read of the run where it is not at hand',
    },
  );
}

async function mapReduce(): Promise<void> {
  const watch = mesh.traffic.watch();
  const started = performance.now();
  const [run] = expectEnded(await mesh.runAll('sum', [{ count: ITEMS }], 1), 1);
  const seconds = (performance.now() - started) / 1_000;
  const { writesTo, largestBytes } = watch();
  const total = (ITEMS * (ITEMS - 1)) / 2;
  if (JSON.stringify(run.output) !== JSON.stringify({ total, items: ITEMS }))
    throw new Error(`the sum is ${JSON.stringify(run.output)}`);
  rows.push(
    { figure: `map-reduce over ${count(ITEMS)} items`, value: `${seconds.toFixed(1)} s`, goal: 'completes' },
    { figure: '  largest document', value: `${count(largestBytes)} bytes`, goal: '≤ 1,048,576 bytes' },
    {
      figure: "  writes of the run's document",
      value: count(writesTo(runPath(run.runId))),
      goal: `≤ ${count(ITEMS / 50)}`,
    },
  );
}

function expectEnded(runs: readonly RunRecord[], number: number): [RunRecord, ...RunRecord[]] {
  const [first, ...rest] = runs;
  const wrong = runs.find(({ status }) => status !== 'completed' && status !== 'failed');
  if (!first || runs.length !== number || wrong) throw new Error(`a run is ${wrong?.status ?? 'missing'}`);
  return [first, ...rest];
}

function print(): void {
  const palette = paletteFor(process.stdout, process.env);
  const numbers = (title: string, value: (cost: Cost) => number) =>
    ({ title, align: 'right', value: (cost: Cost) => value(cost).toFixed(2) }) as const;
  process.stdout.write(
    [
      `${cpus().length} cores, Node ${process.versions.node}, load ${load.toFixed(1)} before (others at work where it is over 0.5)`,
      table(
        rows,
        [
          { title: 'figure', value: ({ figure }) => figure },
          { title: 'measured', align: 'right', value: ({ value }) => value },
          { title: 'goal', align: 'right', value: ({ goal }) => goal },
          { title: 'elsewhere, and remarks', value: ({ note = '' }) => note },
        ],
        palette,
      ),
      'What one operation costs, beside the fewest requests that it can:',
      table(
        operations,
        [
          { title: 'operation', value: ({ operation }) => operation },
          numbers('reads', ({ reads }) => reads),
          numbers('commits', ({ commits }) => commits),
          numbers('other', ({ otherRequests }) => otherRequests),
          numbers('documents read', ({ documentsRead }) => documentsRead),
          numbers('written', ({ documentsWritten }) => documentsWritten),
          numbers('publishes', ({ publishes }) => publishes),
          numbers('timers', ({ timers }) => timers),
          { title: 'floor', value: ({ floor }) => floor },
        ],
        palette,
      ),
      '',
    ].join('\n\n'),
  );
}
