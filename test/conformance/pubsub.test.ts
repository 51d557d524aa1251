import { describe, test } from 'vitest';
import { startPubSub } from '../../emulator/pubsub/server.ts';
import { pubsubRows } from './pubsub/rows.ts';
import { worldOn } from './pubsub/server-world.ts';

describe('the local Pub/Sub does as the documents say', () => {
  const world = worldOn(() => startPubSub());
  for (const row of pubsubRows) test(row.title, () => row.check(world()));
});
