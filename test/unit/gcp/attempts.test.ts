import { describe, expect, test } from 'vitest';
import { attempts, TRANSIENT, TRANSIENT_IDEMPOTENT } from '../../../shared/gcp/attempts.ts';
import { LazyClient } from '../../../shared/gcp/lazy-client.ts';
import { STATUS } from '../../../shared/gcp/status.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

function failing(...codes: (number | undefined)[]) {
  let calls = 0;
  return {
    calls: () => calls,
    call: async () => {
      const fails = calls < codes.length;
      const code = codes[calls++];
      if (fails) throw Object.assign(new Error(`status ${code}`), code === undefined ? {} : { code });
      return 'done';
    },
  };
}

async function settled<T>(clock: ManualClock, work: Promise<T>) {
  const end = work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  // Each failure arms the next wait only once it is seen.
  for (let seconds = 0; seconds < 10; seconds++) await clock.advance(1_000);
  return end;
}

describe('a call', () => {
  test('that fails for the moment is made again', async () => {
    const clock = new ManualClock();
    const { call, calls } = failing(STATUS.UNAVAILABLE, STATUS.ABORTED);
    expect(await settled(clock, attempts(clock, TRANSIENT, call))).toEqual({ value: 'done' });
    expect(calls()).toBe(3);
  });

  test('that goes on failing is given up on with its last failure', async () => {
    const clock = new ManualClock();
    const { call, calls } = failing(...Array(9).fill(STATUS.UNAVAILABLE));
    const end = await settled(clock, attempts(clock, TRANSIENT, call));
    expect(end).toMatchObject({ error: { code: STATUS.UNAVAILABLE } });
    expect(calls()).toBe(4);
  });

  test.each([
    ['for good', STATUS.ALREADY_EXISTS],
    ['before it reached the service', undefined],
    ['with an unknown outcome, unless it may be made twice', STATUS.DEADLINE_EXCEEDED],
  ])('that fails %s is not made again', async (_how, code) => {
    const { call, calls } = failing(code);
    await expect(attempts(new ManualClock(), TRANSIENT, call)).rejects.toThrow();
    expect(calls()).toBe(1);
  });

  test('that may be made twice is made again after an unknown outcome', async () => {
    const clock = new ManualClock();
    const { call } = failing(STATUS.DEADLINE_EXCEEDED, STATUS.INTERNAL);
    expect(await settled(clock, attempts(clock, TRANSIENT_IDEMPOTENT, call))).toEqual({ value: 'done' });
  });
});

describe('a client', () => {
  test('is made once, on first use', async () => {
    let made = 0;
    const lazy = new LazyClient(async () => {
      made += 1;
      return { initialize: async () => {}, close: async () => {} };
    });
    expect(made).toBe(0);
    const [one, two] = await Promise.all([lazy.get(), lazy.get()]);
    expect(one).toBe(two);
    expect(made).toBe(1);
  });

  test('that could not be made is made anew by the next call', async () => {
    let made = 0;
    const lazy = new LazyClient(async () => ({
      initialize: async () => {
        made += 1;
        if (made === 1) throw new Error('no credentials');
      },
      close: async () => {},
    }));
    await expect(lazy.get()).rejects.toThrow('no credentials');
    await lazy.get();
    expect(made).toBe(2);
  });
});
