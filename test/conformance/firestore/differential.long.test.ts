import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFirestore } from '../../../emulator/firestore/server.ts';
import { FirestoreWire } from '../../support/firestore-wire.ts';
import { emulatorFolder, startEmulator } from '../../support/google-emulators.ts';
import { program } from './program.ts';
import { runProgram } from './run-program.ts';

/**
 * Random programs of Firestore calls, run on ours and on Google's emulator: every call must come to the same. A program that
 * does not is shrunk, and printed with its seed; `FIRESTORE_SEED=<seed>` runs it again, `FIRESTORE_RUNS` sets how many are run.
 */
const { FIRESTORE_SEED, FIRESTORE_RUNS = '150' } = process.env;
const present = emulatorFolder('firestore') !== undefined;

describe.skipIf(!present)(
  "any program comes to the same as on Google's emulator (which must be on this machine)",
  () => {
    let ours: { readonly wire: FirestoreWire; readonly close: () => Promise<void> };
    let google: typeof ours;
    let runs = 0;

    beforeAll(async () => {
      ours = await connect(startFirestore());
      google = await connect(startEmulator('firestore'));
      // It takes connections before it serves.
      const first = { parent: 'projects/warm/databases/(default)/documents' };
      while (!('answers' in (await google.wire.outcome('ListCollectionIds', first))));
    });
    afterAll(() => Promise.all([ours?.close(), google?.close()]));

    test('call by call', async () => {
      await fc.assert(
        fc.asyncProperty(program, async (calls) => {
          runs += 1;
          const database = `projects/differential-${runs}/databases/(default)`;
          const [mine, theirs] = await Promise.all([
            runProgram(ours.wire, database, calls),
            runProgram(google.wire, database, calls),
          ]);
          expect(mine).toEqual(theirs);
        }),
        {
          numRuns: Number(FIRESTORE_RUNS),
          ...(FIRESTORE_SEED ? { seed: Number(FIRESTORE_SEED) } : { seed: 20_261_121 }),
        },
      );
    });
  },
);

async function connect(starting: Promise<{ address: string; close(): Promise<void> }>) {
  const server = await starting;
  const wire = new FirestoreWire(server.address);
  return {
    wire,
    async close() {
      wire.close();
      await server.close();
    },
  };
}
