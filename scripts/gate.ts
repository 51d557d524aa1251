/**
 * The gate (`npm test`): format and lint, types, dead code, bundles, tests. It goes on after a failure, so that one run tells
 * everything, and ends non-zero when any part failed. Arguments go to vitest alone: `npm test -- test/unit`.
 *
 * The last line of its output counts the tests that passed and failed; each other part that failed counts as one more
 * failure, so that the line never reads `0 failed` when the gate is shut.
 */
import { runPart, type Verdict } from './gate/part.ts';
import { bundles, staticParts } from './gate/static.ts';
import { summaryLine } from './gate/tally.ts';
import { runTests } from './gate/tests.ts';
import { timesTable } from './gate/times.ts';

const verdicts: Verdict[] = [];
for (const part of staticParts) verdicts.push(await runPart(part));
// With arguments only some tests are run: those that need the bundles see to them.
if (process.argv.length === 2) verdicts.push(await runPart(bundles));
const failedParts = verdicts.filter(({ passed }) => !passed).length;

const { verdict, tally } = await runTests(process.argv.slice(2));
verdicts.push(verdict);

const total = { ...tally, failed: tally.failed + failedParts };
process.stdout.write(`\n${timesTable(verdicts)}\n\n${summaryLine(total)}\n`);
process.exitCode = total.failed === 0 ? 0 : 1;
