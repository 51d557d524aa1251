import { afterAll, beforeAll } from 'vitest';
import { PubSubWorld } from './world.ts';

interface Server {
  readonly address: string;
  close(): Promise<void>;
}

/** A world for the tests of one block, on the server that `start` starts. */
export function worldOn(start: () => Promise<Server>): () => PubSubWorld {
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
