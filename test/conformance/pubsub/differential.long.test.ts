import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPubSub } from '../../../emulator/pubsub/server.ts';
import { emulatorFolder, startEmulator } from '../../support/google-emulators.ts';
import { program } from './program.ts';
import { runProgram } from './run-program.ts';
import { PubSubWorld } from './world.ts';

/**
 * Random programs of Pub/Sub calls, run on ours and on Google's emulator: every call must come to the same. A program that does not is
 * shrunk, and printed with its seed; `PUBSUB_SEED=<seed>` runs it again, `PUBSUB_RUNS` sets how many are run.
 */
const { PUBSUB_SEED = '20261121', PUBSUB_RUNS = '40' } = process.env;

describe.runIf(emulatorFolder('pubsub'))(
  "any program comes to the same as on Google's emulator (which must be on this machine)",
  () => {
    let ours: { readonly world: PubSubWorld; readonly close: () => Promise<void> };
    let google: typeof ours;

    beforeAll(async () => {
      ours = await connect(startPubSub());
      google = await connect(startEmulator('pubsub'));
    });
    afterAll(() => Promise.all([ours?.close(), google?.close()]));

    test('call by call', async () => {
      await fc.assert(
        fc.asyncProperty(program, async (steps) => {
          const mine = await runProgram(ours.world, steps);
          expect(await runProgram(google.world, steps, mine)).toEqual(mine);
        }),
        { numRuns: Number(PUBSUB_RUNS), seed: Number(PUBSUB_SEED) },
      );
    });
  },
);

async function connect(starting: Promise<{ address: string; close(): Promise<void> }>) {
  const server = await starting;
  const world = new PubSubWorld(server.address);
  await world.publisher.initialize();
  return {
    world,
    async close() {
      await world.close();
      await server.close();
    },
  };
}
