/**
 * `npm run simulate`: tries schedules until the time is over or one fails, and says what was tried.
 *
 *   -- --minutes 5 [--seed 1] [--workload saga] [--jobs 2]    go on for so long, on so many threads
 *   -- --schedules 400 --seed 1                               try so many schedules of each workload, however long that takes
 *   -- --workload saga --seed 7 [--faults 3] [--only late,hang] --trace    replay one schedule, line by line
 *   -- --coverage [--minutes 2]    say which code of the kernel and the engine no schedule runs
 *   -- --mutations [--only 'a lease']    show that it finds bugs: break the product in every known way, each of which must be found
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { codeCoverageReport, withCodeCoverage } from './command/code-coverage.ts';
import { explore } from './command/explore.ts';
import { exploreInLanes } from './command/lanes.ts';
import { explorationReport, failureReport } from './command/report.ts';
import { shrink } from './command/shrink.ts';
import { hunt } from './mutations/hunt.ts';
import { workloads } from './workloads/index.ts';
import { simulate } from './world/simulate.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    schedules: { type: 'string' },
    seed: { type: 'string' },
    workload: { type: 'string' },
    jobs: { type: 'string' },
    faults: { type: 'string' },
    only: { type: 'string' },
    trace: { type: 'boolean', default: false },
    mutations: { type: 'boolean', default: false },
    coverage: { type: 'boolean', default: false },
  },
});
const say = (text: string) => process.stdout.write(`${text}\n`);
const chosen = workloads.filter(({ name }) => values.workload === undefined || name === values.workload);

if (values.mutations) {
  const missed = await hunt(say, values.only);
  process.exitCode = missed === 0 ? 0 : 1;
} else if (chosen.length === 0) {
  process.stderr.write(
    `No workload is called ${values.workload}. There are: ${workloads.map(({ name }) => name).join(', ')}.\n`,
  );
  process.exitCode = 2;
} else if (values.coverage) {
  const until = performance.now() + Number(values.minutes) * 60_000;
  const seed = Number(values.seed ?? 1);
  let tried = 0;
  const files = await withCodeCoverage(async () => {
    const { schedules } = await explore({ workloads: chosen, seed, goOn: () => performance.now() < until });
    tried = schedules;
  });
  say(`${codeCoverageReport(files)}; ${tried} schedules from seed ${seed}`);
} else if (values.trace || values.faults !== undefined || values.only !== undefined) {
  for (const workload of chosen) {
    const options = {
      workload,
      seed: Number(values.seed ?? 1),
      traced: values.trace,
      ...(values.faults !== undefined && { most: Number(values.faults) }),
      ...(values.only !== undefined && { only: new Set(values.only.split(',')) }),
    };
    const simulation = await simulate(options);
    for (const line of simulation.trace) say(line);
    if (simulation.violations.length > 0) process.exitCode = 1;
    say(
      simulation.violations.length > 0
        ? failureReport({ options, simulation })
        : `${workload.name}: nothing is violated`,
    );
  }
} else {
  // The only use of the machine's clock: where to begin, and when to stop.
  const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
  const began = performance.now();
  const until = began + Number(values.minutes) * 60_000;
  const jobs = Math.max(1, Math.trunc(Number(values.jobs ?? availableParallelism())) || 1);
  say(`from seed ${seed}, on ${jobs} threads: ${chosen.map(({ name }) => name).join(', ')}`);
  const most = values.schedules === undefined ? undefined : Number(values.schedules) * chosen.length;
  const goOn = (begun: number) => (most === undefined ? performance.now() < until : begun < most);
  const exploration = await exploreInLanes({ workloads: chosen, seed, goOn }, jobs);
  say(explorationReport(exploration, performance.now() - began));
  if (exploration.failure) {
    say(`\n${failureReport(exploration.failure)}\n\nwith as little as makes it fail:`);
    say(failureReport(await shrink(exploration.failure)));
    process.exitCode = 1;
  }
}
