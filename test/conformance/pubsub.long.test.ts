import { describe, test } from 'vitest';
import { emulatorFolder, startEmulator } from '../support/google-emulators.ts';
import { pubsubRows } from './pubsub/rows.ts';
import { worldOn } from './pubsub/server-world.ts';

// Several at a time: those that Google's never answers are waited for. A row that Google's is declared to differ in must fail, or the table is wrong.
describe.runIf(emulatorFolder('pubsub'))(
  "Google's Pub/Sub emulator does as the documents say",
  { concurrent: true },
  () => {
    const world = worldOn(() => startEmulator('pubsub'));
    for (const row of pubsubRows) {
      if (row.google === undefined) test(row.title, () => row.check(world()));
      else test.fails(`${row.title}: it ${row.google}`, { timeout: 10_000 }, () => row.check(world()));
    }
  },
);
