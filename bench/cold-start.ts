/**
 * Cold starts of every agent's bundle: from the start of its process to the answer of its first message, a whole step on the local cloud.
 * Beside it, in turn with it, the same agent without its code cache, from its sources, and from its sources with the clients loaded at
 * once. Prints a table, and the goals; what is missed stays in it.
 */
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { buildBundles } from '../build/build.ts';
import { startStage } from '../cli/local/stage.ts';
import { paletteFor } from '../cli/output/palette.ts';
import { Progress } from '../cli/output/progress.ts';
import { table } from '../cli/output/table.ts';
import { CHECKOUT } from '../cli/place.ts';
import { type ColdStart, ColdStarts, type Variant } from './cold-start/cold-starts.ts';

const RUNS = 30;
/** The others are there to compare with. */
const OTHER_RUNS = 6;
const GOAL_P99_MS = 500;
const GOAL_ORDERS_MS = 200;
const GOAL_TIMES = 2;

const VARIANTS: readonly Variant[] = ['bundle', 'no cache', 'sources', 'eager'];

interface Row {
  readonly agent: string;
  readonly starts: Readonly<Record<Variant, readonly ColdStart[]>>;
  readonly bytes: number;
  readonly cacheBytes: number;
}

const agents = join(CHECKOUT, 'agents');
const out = join(CHECKOUT, 'dist');
const progress = new Progress({ stderr: process.stderr, env: process.env });
const { manifest } = await buildBundles({
  root: CHECKOUT,
  agents,
  out,
  ifNeeded: true,
  onProgress: (text) => progress.update(text),
});
const loadBefore = loadavg()[0] ?? 0;
const stage = await startStage({ project: 'demo-bench', prefix: 'mesh', agents, env: {} });
const rows: Row[] = [];
try {
  for (const { agent, contract } of stage.topology.functions) {
    const entry = manifest.agents[agent];
    if (!entry) continue;
    progress.update(`cold starts of ${agent}`);
    const cold = await ColdStarts.of({
      root: CHECKOUT,
      agents,
      bundles: join(out, 'agents'),
      command: entry.command,
      stage,
      contract,
    });
    const starts: Record<Variant, ColdStart[]> = { bundle: [], 'no cache': [], sources: [], eager: [] };
    try {
      // The first reads the files from the disk.
      for (const variant of VARIANTS) await cold.measure(variant);
      for (let run = 0; run < RUNS; run += 1) {
        const turn = run % (RUNS / OTHER_RUNS) === 0 ? VARIANTS : (['bundle'] as const);
        for (const variant of turn) starts[variant].push(await cold.measure(variant));
      }
    } finally {
      await cold.close();
    }
    rows.push({ agent, starts, bytes: entry.bytes, cacheBytes: entry.cache.bytes });
  }
} finally {
  progress.done();
  await stage.close();
}

const at = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
const time = (starts: readonly ColdStart[], share: number) =>
  at(
    starts.map(({ ms }) => ms),
    share,
  );
const used = (starts: readonly ColdStart[], what: 'cpuMs' | 'rssMb') =>
  at(
    starts.flatMap(({ usage }) => (usage ? [usage[what]] : [])),
    0.5,
  );
const whole = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(0));
const times = ({ starts }: Row) => time(starts.eager, 0.5) / time(starts.bundle, 0.5);

const figure = (title: string, value: (row: Row) => string) => ({ title, align: 'right', value }) as const;
const text = table(
  rows,
  [
    { title: 'agent', value: ({ agent }) => agent },
    figure('median', ({ starts }) => whole(time(starts.bundle, 0.5))),
    figure('P99', ({ starts }) => whole(time(starts.bundle, 0.99))),
    figure('no cache', ({ starts }) => whole(time(starts['no cache'], 0.5))),
    figure('sources', ({ starts }) => whole(time(starts.sources, 0.5))),
    figure('eager', ({ starts }) => whole(time(starts.eager, 0.5))),
    figure('times', (row) => times(row).toFixed(1)),
    figure('CPU', ({ starts }) => whole(used(starts.bundle, 'cpuMs'))),
    figure('eager CPU', ({ starts }) => whole(used(starts.eager, 'cpuMs'))),
    figure('RSS', ({ starts }) => `${whole(used(starts.bundle, 'rssMb'))} MB`),
    figure('eager RSS', ({ starts }) => `${whole(used(starts.eager, 'rssMb'))} MB`),
    figure('bundle', ({ bytes }) => `${whole(bytes / 1_024)} KB`),
    figure('cache', ({ bytes, cacheBytes }) => `${whole((100 * cacheBytes) / bytes)} %`),
  ],
  paletteFor(process.stdout, process.env),
);

/** Whether each is reached, and by what. */
const goals: readonly (readonly [boolean, string])[] = [
  [
    rows.every(({ starts }) => time(starts.bundle, 0.99) < GOAL_P99_MS),
    `P99 of every agent under ${GOAL_P99_MS} ms: the longest ${whole(Math.max(...rows.map(({ starts }) => time(starts.bundle, 0.99))))} ms`,
  ],
  ...rows
    .filter(({ agent }) => agent === 'orders')
    .map(({ starts }) => {
      const median = time(starts.bundle, 0.5);
      return [
        median <= GOAL_ORDERS_MS,
        `median of orders at most ${GOAL_ORDERS_MS} ms: ${whole(median)} ms`,
      ] as const;
    }),
  [
    rows.every((row) => times(row) >= GOAL_TIMES),
    `every agent at least ${GOAL_TIMES} times as fast as with eager clients: ${Math.min(...rows.map(times)).toFixed(1)} times or more`,
  ],
];
process.stdout.write(
  `${RUNS} cold starts of each bundle (${OTHER_RUNS} of the others), milliseconds, ${cpus().length} cores, Node ${process.versions.node}, ` +
    `load ${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after\n\n${text}\n\n` +
    goals.map(([reached, goal]) => `${reached ? 'ok    ' : 'MISSED'}  ${goal}\n`).join(''),
);
