import { FAULTS } from '../world/faults.ts';
import type { Failure, Tally } from './exploration.ts';

/** What was tried, as a table. */
export function explorationReport(
  { schedules, events, virtualMs, faults, states }: Tally,
  tookMs: number,
): string {
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
  const rows: [string, string | number][] = [
    ['schedules tried', schedules],
    ['schedules a second', Math.round((schedules * 1_000) / tookMs)],
    ['events', events],
    ['virtual time', `${(virtualMs / 86_400_000 / 365).toFixed(1)} years`],
    ['states covered', states.size],
    ['faults injected', total],
  ];
  for (const kinds of Object.values(FAULTS))
    for (const [kind, what] of Object.entries(kinds))
      rows.push([`  ${kind}: ${what}`, faults.get(kind as never) ?? 0]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${String(value).padStart(10)}`).join('\n');
}

/** What went wrong, and how to see it again. */
export function failureReport({ options, simulation }: Failure): string {
  const { workload, seed, most, only } = options;
  const replay = [
    'npm run simulate -- --workload',
    workload.name,
    `--seed ${seed}`,
    ...(most === undefined ? [] : [`--faults ${most}`]),
    ...(only === undefined ? [] : [`--only ${[...only].join(',') || 'none'}`]),
    '--trace',
  ].join(' ');
  const faults = [...simulation.faults].map(([kind, count]) => `${count} × ${kind}`).join(', ') || 'none';
  return [
    `${workload.name}, seed ${seed}: ${simulation.violations.length} violated, after ${simulation.events} events`,
    ...simulation.violations.map((violation) => `  ${violation}`),
    `  faults: ${faults}`,
    `  replay: ${replay}`,
  ].join('\n');
}
