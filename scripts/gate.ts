/**
 * The gate (`npm test`): format and lint, types, dead code, tests. It goes on after a failure, so that one run tells everything, and
 * ends non-zero when any part failed. Arguments go to vitest alone: `npm test -- test/unit`.
 */
import { finish } from './gate/finish.ts';
import { runPart, type Verdict } from './gate/part.ts';
import { staticParts } from './gate/static.ts';
import { runTests } from './gate/tests.ts';

const verdicts: Verdict[] = [];
for (const part of staticParts) verdicts.push(await runPart(part));
finish(verdicts, await runTests(['--project=fast', '--project=whole', ...process.argv.slice(2)]));
