/**
 * What is rarely needed and takes long (`npm run test:long`): the bundles as they are deployed, the comparison with Google's emulators, the
 * examples, the simulation on schedules that nobody has tried, and the proof that it finds bugs. Arguments go to vitest alone, and choose
 * among the tests: `npm run test:long -- examples`.
 */
import { finish } from './gate/finish.ts';
import { longParts } from './gate/long.ts';
import { runPart, type Verdict } from './gate/part.ts';
import { runTests } from './gate/tests.ts';

const filters = process.argv.slice(2);
const verdicts: Verdict[] = [];
if (filters.length === 0) for (const part of longParts) verdicts.push(await runPart(part));
finish(verdicts, await runTests(['--project=long', ...filters]));
