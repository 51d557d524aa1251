import { afterAll, beforeAll, describe, test } from 'vitest';
import { startFirestore } from '../../emulator/firestore/server.ts';
import { FirestoreWire } from '../support/firestore-wire.ts';
import { emulatorFolder, startEmulator } from '../support/google-emulators.ts';
import { firestoreRows } from './firestore/rows.ts';
import { FirestoreWorld } from './firestore/world.ts';
import type { Row } from './row.ts';

interface Server {
  readonly address: string;
  close(): Promise<void>;
}

describe('the local Firestore does as the documents say', () => {
  const check = checksOn(() => startFirestore());
  for (const row of firestoreRows) test(row.title, () => check(row));
});

// What is declared about Google's holds, or the table is wrong: a row that it is known to differ in must fail.
describe.runIf(emulatorFolder('firestore'))("Google's emulator does so, but where it is known not to", () => {
  const check = checksOn(() => startEmulator('firestore'));
  for (const row of firestoreRows) {
    if (row.google === undefined) test(row.title, () => check(row));
    else test.fails(`${row.title}: it ${row.google}`, { timeout: 20_000 }, () => check(row));
  }
});

/** How the rows of one block are checked: each in a world of its own. */
function checksOn(start: () => Promise<Server>): (row: Row<FirestoreWorld>) => Promise<void> {
  let server: Server;
  beforeAll(async () => {
    server = await start();
    // Google's takes connections before it serves.
    const wire = new FirestoreWire(server.address);
    const parent = 'projects/first/databases/(default)/documents';
    while (!('answers' in (await wire.outcome('ListCollectionIds', { parent }))));
    wire.close();
  });
  afterAll(() => server?.close());
  return async (row) => {
    const world = new FirestoreWorld(server.address);
    try {
      await row.check(world);
    } finally {
      await world.close();
    }
  };
}
