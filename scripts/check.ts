/** The gate without the tests (`npm run check`): format and lint, types, dead code. */
import { runPart, type Verdict } from './gate/part.ts';
import { staticParts } from './gate/static.ts';
import { timesTable } from './gate/times.ts';

const verdicts: Verdict[] = [];
for (const part of staticParts) verdicts.push(await runPart(part));
process.stdout.write(`\n${timesTable(verdicts)}\n`);
process.exitCode = verdicts.every(({ passed }) => passed) ? 0 : 1;
