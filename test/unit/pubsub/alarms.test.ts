import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Alarms } from '../../../emulator/pubsub/alarms.ts';
import { Deque } from '../../../emulator/pubsub/deque.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

test('alarms ring once each, at their time, in order, but for those that were cancelled', async () => {
  const plan = fc.array(fc.record({ delay: fc.nat(50), cancelled: fc.boolean() }), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(plan, async (plans) => {
      const clock = new ManualClock(0);
      const alarms = new Alarms(clock);
      const rung: { index: number; at: number }[] = [];
      const set = plans.map(({ delay }, index) =>
        alarms.set(delay, () => rung.push({ index, at: clock.now() })),
      );
      for (const [index, { cancelled }] of plans.entries()) if (cancelled) set[index]?.cancel();
      await clock.advance(50);
      const expected = plans
        .map(({ delay, cancelled }, index) => ({ index, at: delay, cancelled }))
        .filter(({ cancelled }) => !cancelled)
        .sort((a, b) => a.at - b.at || a.index - b.index)
        .map(({ index, at }) => ({ index, at }));
      expect(rung).toEqual(expected);
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test('an alarm may set another, and cancel one that is due with it', async () => {
  const clock = new ManualClock(0);
  const alarms = new Alarms(clock);
  const rung: string[] = [];
  alarms.set(10, () => {
    rung.push('first');
    second.cancel();
    alarms.set(10, () => rung.push('again'));
  });
  const second = alarms.set(10, () => rung.push('second'));
  await clock.advance(10);
  expect(rung).toEqual(['first', 'again']);
  expect(clock.pending).toBe(0);
});

test('a deque behaves as an array with both ends open', () => {
  const step = fc.oneof(
    fc.constant('shift'),
    fc.integer().map((value) => ({ back: value })),
    fc.integer().map((value) => ({ front: value })),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const deque = new Deque<number>();
      const model: number[] = [];
      for (const each of steps) {
        if (typeof each === 'string') expect(deque.shift()).toBe(model.shift());
        else if ('back' in each) deque.pushBack(model[model.push(each.back) - 1] as number);
        else {
          deque.pushFront(each.front);
          model.unshift(each.front);
        }
        expect(deque.length).toBe(model.length);
        expect(deque.peek()).toBe(model[0]);
      }
    }),
  );
});
