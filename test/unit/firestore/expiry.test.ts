import { expect, test } from 'vitest';
import { startExpiry } from '../../../emulator/expiry.ts';
import { FirestoreStore } from '../../../emulator/firestore/store.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { read, set } from './support.ts';

const HOUR_MS = 3_600_000;

test('what has expired is deleted by the clock, in every database, until it is stopped', async () => {
  const clock = new ManualClock();
  const store = new FirestoreStore(clock);
  const databases = ['one', 'two'].map((project) => store.database(project));
  for (const database of databases) {
    database.setTtl('inbox', 'expireAt');
    await database.commit([
      set('agents/a/inbox/soon', { expireAt: new Date(clock.now() + HOUR_MS) }),
      set('agents/a/inbox/late', { expireAt: new Date(clock.now() + 10 * HOUR_MS) }),
    ]);
  }
  const stop = startExpiry(store, clock);
  await clock.advance(2 * HOUR_MS);
  for (const database of databases) {
    expect(await read(database, 'agents/a/inbox/soon')).toBeUndefined();
    expect(await read(database, 'agents/a/inbox/late')).toBeDefined();
  }
  stop();
  expect(clock.pending).toBe(0);
});
