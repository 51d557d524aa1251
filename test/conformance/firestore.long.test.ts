import { describe, test } from 'vitest';
import { emulatorFolder, startEmulator } from '../support/google-emulators.ts';
import { firestoreRows } from './firestore/rows.ts';
import { checksOn } from './firestore/server-rows.ts';

// Several at a time: those that Google's never answers are waited for. A row that Google's is declared to differ in must fail, or the table is wrong.
describe.runIf(emulatorFolder('firestore'))(
  "Google's Firestore emulator does as the documents say",
  { concurrent: true },
  () => {
    const check = checksOn(() => startEmulator('firestore'));
    for (const row of firestoreRows) {
      if (row.google === undefined) test(row.title, () => check(row));
      else test.fails(`${row.title}: it ${row.google}`, { timeout: 20_000 }, () => check(row));
    }
  },
);
