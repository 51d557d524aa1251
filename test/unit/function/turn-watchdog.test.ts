import { afterEach, expect, test } from 'vitest';
import { TurnWatchdog } from '../../../shared/function/turn-watchdog.ts';

const documents = { url: 'http://127.0.0.1:1', headers: {} };
const watch = new TurnWatchdog({ documents, agent: 'looper', turnMs: 500_000 });
afterEach(() => watch.close());

test('turns of one process take turns, in the order in which they ask', async () => {
  const seen: string[] = [];
  expect(watch.enter('a')).toBeUndefined();
  const others = ['b', 'c'].map((run) => watch.enter(run)?.then(() => seen.push(run)));
  await Promise.resolve();
  expect(seen).toEqual([]);
  watch.leave();
  await others[0];
  expect(seen).toEqual(['b']);
  watch.leave();
  await others[1];
  watch.leave();
  expect(watch.enter('d')).toBeUndefined();
  watch.leave();
});
