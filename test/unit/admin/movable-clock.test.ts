import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MovableClock } from '../../../emulator/admin/movable-clock.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

test('goes with the clock that it stands on', async () => {
  const base = new ManualClock(0);
  const clock = new MovableClock(base);
  const ran: number[] = [];
  clock.after(100, () => ran.push(clock.now()));
  await base.advance(99);
  expect(ran).toEqual([]);
  await base.advance(1);
  expect(ran).toEqual([100]);
});

test('moved on, runs at once what falls due, each at its own time, and what that arms as well', async () => {
  const clock = new MovableClock(new ManualClock(0));
  const ran: [string, number][] = [];
  const note = (name: string) => ran.push([name, clock.now()]);
  clock.after(3_600_000, () => note('an hour'));
  clock.after(60_000, () => {
    note('a minute');
    clock.after(60_000, () => note('two minutes'));
  });
  clock.after(7_200_000, () => note('two hours'));
  await clock.advance(3_600_000);
  expect(ran).toEqual([
    ['a minute', 60_000],
    ['two minutes', 120_000],
    ['an hour', 3_600_000],
  ]);
  expect([clock.now(), clock.ahead]).toEqual([3_600_000, 3_600_000]);
});

test('what waits for longer than the move waits for the rest of it', async () => {
  const base = new ManualClock(0);
  const clock = new MovableClock(base);
  const ran: number[] = [];
  clock.after(10_000, () => ran.push(clock.now()));
  await clock.advance(4_000);
  await base.advance(5_999);
  expect(ran).toEqual([]);
  await base.advance(1);
  expect(ran).toEqual([10_000]);
});

test('moves asked for at the same time are made one after the other', async () => {
  const clock = new MovableClock(new ManualClock(0));
  const ran: number[] = [];
  for (const due of [1, 2, 3]) clock.after(due * 1_000, () => ran.push(clock.now()));
  await Promise.all([clock.advance(1_500), clock.advance(1_500)]);
  expect(ran).toEqual([1_000, 2_000, 3_000]);
  expect(clock.now()).toBe(3_000);
});

test('runs each timer once, in the order of their times, however it is moved; a cancelled one never', async () => {
  const step = fc.oneof(
    fc.record({ after: fc.nat(1_000), cancel: fc.boolean() }),
    fc.record({ advance: fc.nat(400) }),
    fc.record({ pass: fc.nat(400) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const base = new ManualClock(0);
      const clock = new MovableClock(base);
      const ran: number[] = [];
      const due: number[] = [];
      for (const each of steps) {
        if ('after' in each) {
          const at = clock.now() + each.after;
          const cancel = clock.after(each.after, () => {
            expect(clock.now()).toBeGreaterThanOrEqual(at);
            ran.push(at);
          });
          if (each.cancel) cancel();
          else due.push(at);
        } else if ('advance' in each) await clock.advance(each.advance);
        else await base.advance(each.pass);
      }
      await clock.advance(1_000);
      expect(ran).toEqual(due.toSorted((a, b) => a - b));
    }),
  );
});
