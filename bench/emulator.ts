/**
 * The local servers beside Google's emulators, on the same machine in the same run: each figure is taken with the same client
 * program of a fresh process of either side, and printed with the ratio and the goal. What is missed stays in the table.
 * `BENCH_ONLY` (a part of a figure's name) picks rows.
 */
import { cpus } from 'node:os';
import { paletteFor } from '../cli/output/palette.ts';
import { table } from '../cli/output/table.ts';
import { firestore } from './emulator/firestore.ts';
import { isMet, type Measure, type Result, ratioOf, type Suite } from './emulator/measure.ts';
import { pubsub } from './emulator/pubsub.ts';
import { isPresent, type Side, startTarget } from './emulator/target.ts';

// The clients look for no metadata server: there is none, and looking takes seconds.
process.env.METADATA_SERVER_DETECTION = 'none';
const only = process.env.BENCH_ONLY ?? '';
const suites: readonly Suite[] = [pubsub, firestore];
const results: Result[] = [];
for (const { service, measures } of suites) {
  for (const measure of measures.filter(({ figure }) => `${service}: ${figure}`.includes(only))) {
    // Google's first: what is compared was taken within seconds of each other.
    const google = measure.oursOnly ? undefined : await figureOf('google', service, measure);
    const ours = await figureOf('ours', service, measure);
    if (ours === undefined) throw new Error(`${measure.figure} could not be measured`);
    const result = { measure: { ...measure, figure: `${service}: ${measure.figure}` }, ours, google };
    results.push(result);
    // The table comes last, and this takes minutes.
    process.stderr.write(
      `${result.measure.figure}: ${shown(ours)} ${measure.unit}, ${times(ratioOf(result))}\n`,
    );
  }
}
const missed = results.filter((result) => !isMet(result));
process.stdout.write(
  `${cpus().length} cores, Node ${process.versions.node}\n\n${table(
    results,
    [
      { title: 'figure', value: ({ measure }) => measure.figure },
      { title: 'unit', value: ({ measure }) => measure.unit },
      { title: 'ours', align: 'right', value: ({ ours }) => shown(ours) },
      {
        title: "Google's",
        align: 'right',
        value: ({ google }) => (google === undefined ? '–' : shown(google)),
      },
      { title: 'ratio', align: 'right', value: (result) => times(ratioOf(result)) },
      { title: 'goal', align: 'right', value: ({ measure }) => goalOf(measure) },
      { title: '', value: (result) => (isMet(result) ? '' : 'missed') },
    ],
    paletteFor(process.stdout, process.env),
  )}\n\n${missed.length === 0 ? 'Every goal is met.' : `${missed.length} goals are missed.`}\n`,
);

async function figureOf(
  side: Side,
  service: Suite['service'],
  measure: Measure,
): Promise<number | undefined> {
  if (!isPresent(side, service)) return undefined;
  const target = await startTarget(side, service);
  try {
    return await measure.run(target);
  } finally {
    await target.close();
  }
}

function shown(figure: number): string {
  return figure >= 100 ? Math.round(figure).toLocaleString('en') : figure.toPrecision(3);
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${ratio.toFixed(2)}×`;
}

function goalOf({ goal, most, unit }: Measure): string {
  if (goal !== undefined) return `≥ ${goal}×`;
  return most === undefined ? '' : `≤ ${most.toLocaleString('en')} ${unit}`;
}
