import { expect, test } from 'vitest';
import { Shutdown } from '../../../shared/function/shutdown.ts';

function exits() {
  const seen = { count: 0 };
  return { seen, shutdown: new Shutdown(() => seen.count++) };
}

test('an instance at rest ends at once', () => {
  const { seen, shutdown } = exits();
  expect(shutdown.stopping).toBe(false);
  shutdown.stop();
  expect(shutdown.stopping).toBe(true);
  expect(seen.count).toBe(1);
});

test('an instance at work ends when the last of it is done', () => {
  const { seen, shutdown } = exits();
  const first = shutdown.begin();
  const second = shutdown.begin();
  shutdown.stop();
  first();
  first();
  expect(seen.count).toBe(0);
  second();
  expect(seen.count).toBe(1);
});

test('work that ends while nothing stops ends nothing', () => {
  const { seen, shutdown } = exits();
  shutdown.begin()();
  expect(seen.count).toBe(0);
});
