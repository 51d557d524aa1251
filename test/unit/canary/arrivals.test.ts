import { expect, test } from 'vitest';
import { awaitArrivals } from '../../../cli/canary/arrivals.ts';
import type { StoredDocument } from '../../../shared/contract/store.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

const flights = [
  { agent: 'orders', path: 'agents/orders/inbox/a' },
  { agent: 'payments', from: 'orders', path: 'agents/payments/inbox/b' },
];

function world() {
  const clock = new ManualClock(0);
  const there = new Set<string>();
  const asked: number[] = [];
  const store = {
    read: async (paths: readonly string[]) => {
      asked.push(paths.length);
      return paths.map((path) => (there.has(path) ? ({ path } as StoredDocument) : undefined));
    },
  };
  return { clock, there, asked, store };
}

test('ends as soon as all have arrived, and asks only for those that have not', async () => {
  const { clock, there, asked, store } = world();
  const arriving = awaitArrivals({ store, clock }, flights, 60_000);
  await clock.advance(0);
  there.add('agents/orders/inbox/a');
  await clock.advance(50);
  there.add('agents/payments/inbox/b');
  await clock.advance(75);
  expect(await arriving).toEqual([
    { agent: 'orders', from: 'mesh canary', result: 'arrived', ms: 50 },
    { agent: 'payments', from: 'orders', result: 'arrived', ms: 125 },
  ]);
  expect(asked).toEqual([2, 2, 1]);
});

test('tells what is lost when the time is up', async () => {
  const { clock, there, store } = world();
  there.add('agents/orders/inbox/a');
  const arriving = awaitArrivals({ store, clock }, flights, 3_000);
  await clock.advance(3_000);
  expect((await arriving).map(({ result }) => result)).toEqual(['arrived', 'lost']);
});
