import { afterAll, beforeAll } from 'vitest';
import { FirestoreWire } from '../../support/firestore-wire.ts';
import type { Row } from '../row.ts';
import { FirestoreWorld } from './world.ts';

interface Server {
  readonly address: string;
  close(): Promise<void>;
}

/** How the rows of one block are checked: each in a world of its own, all on the server that `start` starts. */
export function checksOn(start: () => Promise<Server>): (row: Row<FirestoreWorld>) => Promise<void> {
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
