import type { Verdict } from './part.ts';
import { summaryLine } from './tally.ts';
import type { TestRun } from './tests.ts';
import { fileTimesTable, timesTable } from './times.ts';

/**
 * Prints how long each part and each of the slowest test files took, then the line that machines read, and sets the exit code.
 *
 * The last line counts the tests that passed and failed; each other part that failed counts as one more failure, so that the line never
 * reads `0 failed` when the exit code is not 0.
 */
export function finish(verdicts: readonly Verdict[], { verdict, tally, files }: TestRun): void {
  const failed = tally.failed + verdicts.filter(({ passed }) => !passed).length;
  const tables = [fileTimesTable(files), timesTable([...verdicts, verdict])].filter((table) => table !== '');
  process.stdout.write(`\n${[...tables, summaryLine({ ...tally, failed })].join('\n\n')}\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}
