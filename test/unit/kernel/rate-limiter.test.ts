import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endingOf, Fleet } from '../../support/provider-fleet.ts';

const up = async () => 'fine';
/** The clock of the fleet begins with a window. */
const SECOND_MS = 1_000;

describe('a rate that instances share', () => {
  it('lets through no more in a window than it says, however many instances ask', async () => {
    const fleet = new Fleet({ rate: '50/s' });
    const instances = [fleet.instance(), fleet.instance(), fleet.instance()];
    for (let window = 1; window <= 3; window++) {
      await Promise.all(instances.flatMap((one) => Array.from({ length: 60 }, () => endingOf(one.call(up)))));
      expect(fleet.asked).toBe(50 * window);
      await fleet.clock.advance(SECOND_MS);
    }
  });

  it('says of a call over it when a later window begins, and spreads those out that come too many', async () => {
    const fleet = new Fleet({ rate: '10/s' });
    const one = fleet.instance();
    const waits: number[] = [];
    for (let call = 0; call < 40; call++)
      await one.call(up).catch(({ retryAfterMs }) => waits.push(retryAfterMs));
    expect(waits).toEqual([
      ...Array<number>(10).fill(1_000),
      ...Array<number>(10).fill(2_000),
      ...Array<number>(10).fill(3_000),
    ]);
  });

  it('costs a commit for a batch of calls, none for a call over it, and no reads', async () => {
    const fleet = new Fleet({ rate: '1000/s' });
    const one = fleet.instance();
    for (let call = 0; call < 1_000; call++) await one.call(up);
    expect(fleet.requests).toEqual({ read: 0, commit: 5 });
    for (let call = 0; call < 1_000; call++) await endingOf(one.call(up));
    expect(fleet.requests).toEqual({ read: 0, commit: 5 });
    await fleet.clock.advance(SECOND_MS);
    for (let call = 0; call < 1_000; call++) await one.call(up);
    expect(fleet.requests).toEqual({ read: 0, commit: 6 });
  });

  it('holds with clocks that are off, and starves nobody', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 2, maxLength: 4 }),
        async (skews) => {
          const fleet = new Fleet({ rate: '20/s' });
          const instances = skews.map((skew) => fleet.instance(skew));
          const through = instances.map(() => 0);
          const windows = 12;
          for (let tick = 0; tick < windows * 4; tick++) {
            for (const [at, one] of instances.entries())
              for (let call = 0; call < 4; call++)
                if ((await endingOf(one.call(up))) === 'answered') through[at] = (through[at] ?? 0) + 1;
            await fleet.clock.advance(SECOND_MS / 4);
          }
          // A window that is begun late or ended early adds one, and those that the furthest clock is ahead may be used once.
          expect(fleet.asked).toBeLessThanOrEqual(20 * (windows + 1 + 10));
          expect(Math.min(...through)).toBeGreaterThan(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('a bulkhead', () => {
  it('has so many calls under way, lets as many wait in order, and turns the rest away', async () => {
    const fleet = new Fleet({ bulkhead: 2 });
    const one = fleet.instance();
    const answer: (() => void)[] = [];
    const slow = () => new Promise<void>((resolve) => answer.push(resolve));
    const calls = Array.from({ length: 5 }, () => endingOf(one.call(slow)));
    expect(await calls[4]).toBe('ProviderUnavailable');
    await fleet.clock.advance(0);
    expect(fleet.asked).toBe(2);
    answer.shift()?.();
    await calls[0];
    await fleet.clock.advance(0);
    expect(fleet.asked).toBe(3);
    while (answer.length > 0) {
      answer.shift()?.();
      await fleet.clock.advance(0);
    }
    expect(await Promise.all(calls)).toEqual([...Array(4).fill('answered'), 'ProviderUnavailable']);
  });

  it('gives the place of a call that was cut off to another', async () => {
    const fleet = new Fleet({ bulkhead: 1 });
    const one = fleet.instance();
    const cut = new AbortController();
    const hanging = endingOf(one.call(() => new Promise(() => {}), cut.signal));
    const waiting = one.call(up);
    cut.abort(new Error('cut off'));
    await hanging;
    expect(await waiting).toBe('fine');
  });
});
