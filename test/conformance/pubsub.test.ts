import { afterAll, beforeAll, describe, test } from 'vitest';
import { startPubSub } from '../../emulator/pubsub/server.ts';
import { emulatorFolder, startEmulator } from '../support/google-emulators.ts';
import { pubsubRows } from './pubsub/rows.ts';
import { PubSubWorld } from './pubsub/world.ts';

interface Server {
  readonly address: string;
  close(): Promise<void>;
}

describe('the local Pub/Sub does as the documents say', () => {
  const world = worldOn(() => startPubSub());
  for (const row of pubsubRows) test(row.title, () => row.check(world()));
});

// What is declared about Google's holds, or the table is wrong: a row that it is known to differ in must fail.
describe.runIf(emulatorFolder('pubsub'))("Google's emulator does so, but where it is known not to", () => {
  const world = worldOn(() => startEmulator('pubsub'));
  for (const row of pubsubRows) {
    if (row.google === undefined) test(row.title, () => row.check(world()));
    else test.fails(`${row.title}: it ${row.google}`, { timeout: 10_000 }, () => row.check(world()));
  }
});

/** A world for the tests of one block. */
function worldOn(start: () => Promise<Server>): () => PubSubWorld {
  let server: Server;
  let world: PubSubWorld;
  beforeAll(async () => {
    server = await start();
    world = new PubSubWorld(server.address);
    await world.publisher.initialize();
  });
  afterAll(async () => {
    await world?.close();
    await server?.close();
  });
  return () => world;
}
