/** A way in which a test depends on how fast the machine is, and the remedy. */
interface Race {
  readonly what: string;
  readonly text: RegExp;
  readonly remedy: string;
}

const RACES: readonly Race[] = [
  {
    what: 'a wait with a limit of its own',
    text: /\bvi\.wait(?:For|Until)\(|\bexpect\.poll\(/,
    remedy: 'wait with `eventually` of test/support/eventually.ts',
  },
  {
    what: 'the clock of the machine',
    text: /\bDate\.now\(\)|\bnew Date\(\)|\bperformance\.now\(\)/,
    remedy: 'move a ManualClock of shared/testing',
  },
  {
    what: 'a sleep',
    text: /\bsetTimeout\(|\bsetInterval\(|from 'node:timers\/promises'/,
    remedy: 'move a ManualClock of shared/testing, or wait for the condition with `eventually`',
  },
  {
    what: 'a time limit of one test',
    text: /^\s*\}, \d[\d_]{3,}\);|, \{ timeout: [\d_]+ \}, (?:async )?\(/,
    remedy: 'leave it out: vitest.config.ts has one limit, a bound against hanging',
  },
];

/** How the test in `text` depends on the speed of the machine, line by line. */
export function racesOf(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      RACES.filter((race) => race.text.test(line)).map(
        ({ what, remedy }) => `line ${index + 1}: ${what}; ${remedy}`,
      ),
    );
}
