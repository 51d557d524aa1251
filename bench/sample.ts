/**
 * The main job, as a user runs it: `mesh up --sample --exit`, whole processes, several times. Prints when the mesh was ready, when the
 * first order was fulfilled, and when all orders had ended, beside what was set as the goal. Seeds differ, so that no run is a replay.
 */
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { paletteFor } from '../cli/output/palette.ts';
import { table } from '../cli/output/table.ts';
import type { SampleReport } from '../cli/sample/report.ts';

const RUNS = 5;
const ORDERS = 200;

const GOALS = [
  { figure: 'mesh up ready', of: (report: SampleReport) => report.readyMs, goalMs: 1_500 },
  { figure: 'first order fulfilled', of: (report: SampleReport) => report.firstOrderMs, goalMs: 5_000 },
  { figure: `${ORDERS} orders ended`, of: (report: SampleReport) => report.totalMs, goalMs: 30_000 },
  { figure: 'time per order, median', of: (report: SampleReport) => report.latencyMs.p50, goalMs: undefined },
  { figure: 'time per order, p95', of: (report: SampleReport) => report.latencyMs.p95, goalMs: undefined },
] as const;

const reports: SampleReport[] = [];
for (let seed = 1; seed <= RUNS; seed++) {
  const report = await sample(seed);
  if (!report.balanced) throw new Error(`the books of seed ${seed} do not balance`);
  reports.push(report);
}

const rows = GOALS.map(({ figure, of, goalMs }) => {
  const sorted = reports.map(of).sort((a, b) => a - b);
  const [least, median, most] = [0, Math.floor(RUNS / 2), RUNS - 1].map((at) => String(sorted[at]));
  return { figure, least, median, most, goal: goalMs === undefined ? '' : `≤ ${goalMs}` };
});
const number = (title: string, value: (row: (typeof rows)[number]) => string | undefined) =>
  ({ title, align: 'right', value: (row: (typeof rows)[number]) => value(row) ?? '' }) as const;
process.stdout.write(
  `${RUNS} runs of ${ORDERS} orders, milliseconds, ${cpus().length} cores, Node ${process.versions.node}\n\n${table(
    rows,
    [
      { title: 'figure', value: ({ figure }) => figure },
      number('min', ({ least }) => least),
      number('median', ({ median }) => median),
      number('max', ({ most }) => most),
      number('goal', ({ goal }) => goal),
    ],
    paletteFor(process.stdout, process.env),
  )}\n`,
);

function sample(seed: number): Promise<SampleReport> {
  const args = [
    'cli/mesh.ts',
    'up',
    '--sample',
    '--exit',
    '--json',
    '--orders',
    String(ORDERS),
    '--seed',
    String(seed),
  ];
  const mesh = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  mesh.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    mesh.on('error', reject);
    mesh.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output));
      else reject(new Error(`mesh up ended with ${code}`));
    });
  });
}
