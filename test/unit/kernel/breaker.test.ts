import { describe, expect, it } from 'vitest';
import { MeshError, rejected } from '../../../shared/contract/errors.ts';
import { endingOf, Fleet } from '../../support/provider-fleet.ts';

const up = async () => 'fine';
const down = async () => {
  throw new MeshError('ProviderFailed', 'it is down');
};
const BREAKER = { failures: 3, within: '30s', open: '10s', maxOpen: '40s' } as const;

/** A fleet whose circuit is open, for an instance that saw it happen and one that did not. */
async function tripped() {
  const fleet = new Fleet({ breaker: BREAKER });
  const [one, other] = [fleet.instance(), fleet.instance()];
  await one.call(up);
  for (let failure = 0; failure < 3; failure++) await endingOf(one.call(down));
  fleet.asked = 0;
  return { fleet, one, other };
}

describe('a breaker', () => {
  it('opens for every instance when one has seen enough failures', async () => {
    const { fleet, one, other } = await tripped();
    expect(await endingOf(one.call(up))).toBe('ProviderUnavailable');
    expect(await endingOf(other.call(up))).toBe('ProviderUnavailable');
    expect(fleet.asked).toBe(0);
  });

  it('says with the failure that opened it when to come back, so that no delivery attempt is lost to it', async () => {
    const fleet = new Fleet({ breaker: BREAKER });
    const one = fleet.instance();
    const failures = [];
    for (let failure = 0; failure < 3; failure++) failures.push(await one.call(down).catch((error) => error));
    expect(failures.map(({ code }) => code)).toEqual(Array(3).fill('ProviderFailed'));
    expect(failures.map(({ retryAfterMs }) => retryAfterMs >= 10_000)).toEqual([false, false, true]);
  });

  it('does not open for what the provider refuses in good order', async () => {
    const fleet = new Fleet({ breaker: BREAKER });
    const one = fleet.instance();
    const decline = async () => {
      throw rejected('card_declined', 'no');
    };
    for (let refusal = 0; refusal < 20; refusal++) await endingOf(one.call(decline));
    expect(await one.call(up)).toBe('fine');
  });

  it('does not open for failures that are few among many answers, or far apart', async () => {
    const fleet = new Fleet({ breaker: BREAKER });
    const one = fleet.instance();
    for (let round = 0; round < 20; round++) {
      await endingOf(one.call(down));
      await one.call(up);
      await one.call(up);
    }
    for (let round = 0; round < 20; round++) {
      await fleet.clock.advance(16_000);
      await endingOf(one.call(down));
    }
    expect(await one.call(up)).toBe('fine');
  });

  it('lets one call of all instances through when its time is up, and closes when that succeeds', async () => {
    const { fleet, one, other } = await tripped();
    await fleet.clock.advance(10_000);
    let answer = () => {};
    const probe = one.call(() => new Promise<void>((resolve) => (answer = resolve)));
    await fleet.clock.advance(0);
    expect(await endingOf(one.call(up))).toBe('ProviderUnavailable');
    expect(await endingOf(other.call(up))).toBe('ProviderUnavailable');
    expect(fleet.asked).toBe(1);
    answer();
    await probe;
    await fleet.clock.advance(5_000);
    expect(await one.call(up)).toBe('fine');
    expect(await other.call(up)).toBe('fine');
  });

  it('lets another instance try when the prober died', async () => {
    const { fleet, one, other } = await tripped();
    await fleet.clock.advance(10_000);
    endingOf(one.call(() => new Promise(() => {})));
    await fleet.clock.advance(0);
    await fleet.clock.advance(10_000);
    expect(await other.call(up)).toBe('fine');
  });

  it('asks a provider that flaps less and less, and forgets it when the provider stays well', async () => {
    const { fleet, one } = await tripped();
    const waits: number[] = [];
    for (let trip = 0; trip < 4; trip++) {
      const error: MeshError = await one.call(up).catch((error) => error);
      waits.push(Math.floor((error.retryAfterMs ?? 0) / 1_000));
      await fleet.clock.advance(error.retryAfterMs ?? 0);
      // It is well for the probe and a moment, and then it is not.
      await one.call(up);
      for (let failure = 0; failure < 3; failure++) await endingOf(one.call(down));
    }
    expect(waits[0]).toBeLessThan(13);
    expect(waits[1]).toBeGreaterThanOrEqual(20);
    expect(waits[2]).toBeGreaterThanOrEqual(40);
    expect(waits[3]).toBeLessThan(50);
    await fleet.clock.advance(60_000);
    await one.call(up);
    await fleet.clock.advance(60_000);
    for (let failure = 0; failure < 3; failure++) await endingOf(one.call(down));
    const error: MeshError = await one.call(up).catch((error) => error);
    expect(error.retryAfterMs).toBeLessThan(13_000);
  });

  it.each([-90_000, -3_000, 3_000, 3_600_000])(
    'is found open, and closes, by an instance whose clock is off by %i ms',
    async (skewMs) => {
      const { fleet } = await tripped();
      const other = fleet.instance(skewMs);
      const first = await endingOf(other.call(down));
      // A clock that is ahead probes too early: one call for all, which opens the circuit again.
      expect(first).toBe(skewMs > 10_000 ? 'ProviderFailed' : 'ProviderUnavailable');
      for (let waited = 0; waited < 300_000; waited += 5_000) await fleet.clock.advance(5_000);
      expect(await other.call(up)).toBe('fine');
      await fleet.clock.advance(40_000);
      expect(await fleet.instance().call(up)).toBe('fine');
    },
  );

  it('never makes a message wait longer than its longest, whatever a wrong clock wrote', async () => {
    const fleet = new Fleet({ breaker: BREAKER });
    const ahead = fleet.instance(86_400_000);
    for (let failure = 0; failure < 3; failure++) await endingOf(ahead.call(down));
    const error: MeshError = await fleet
      .instance()
      .call(up)
      .catch((error) => error);
    expect(error.retryAfterMs).toBeLessThanOrEqual(48_000);
  });

  it('asks Firestore once in a while, not for each call', async () => {
    const fleet = new Fleet({ breaker: BREAKER });
    const one = fleet.instance();
    for (let call = 0; call < 1_000; call++) await one.call(up);
    expect(fleet.requests).toEqual({ read: 1, commit: 0 });
    await fleet.clock.advance(5_000);
    await Promise.all(Array.from({ length: 100 }, () => one.call(up)));
    expect(fleet.requests).toEqual({ read: 2, commit: 0 });
  });

  it('counts a call that is cut off after it had time enough', async () => {
    const fleet = new Fleet({ breaker: BREAKER });
    const [one, other] = [fleet.instance(), fleet.instance()];
    for (const afterMs of [100, 100, 100, 2_000, 2_000, 2_000]) {
      expect(await endingOf(other.call(up))).toBe('answered');
      const cut = new AbortController();
      const hanging = endingOf(one.call(() => new Promise(() => {}), cut.signal));
      await fleet.clock.advance(0);
      await fleet.clock.advance(afterMs);
      cut.abort(new MeshError('HandlerTimeout', 'too long'));
      expect(await hanging).toBe('HandlerTimeout');
      await fleet.clock.advance(100);
    }
    expect(await endingOf(one.call(up))).toBe('ProviderUnavailable');
  });
});

describe('a provider that says when to come back', () => {
  it('is not asked before by the instance that was told', async () => {
    const fleet = new Fleet({ breaker: BREAKER });
    const one = fleet.instance();
    const busy = async () => {
      throw new MeshError('ProviderThrottled', 'slow down', { retryAfterMs: 7_000 });
    };
    const told: MeshError = await one.call(busy).catch((error) => error);
    expect(told).toMatchObject({ code: 'ProviderThrottled', retryAfterMs: 7_000 });
    const early: MeshError = await one.call(up).catch((error) => error);
    expect(early).toMatchObject({ code: 'ProviderUnavailable', retryAfterMs: 7_000 });
    await fleet.clock.advance(7_000);
    expect(await one.call(up)).toBe('fine');
  });
});

describe('a call that is tried again', () => {
  it('waits a little longer each time, and gives up after its attempts', async () => {
    const fleet = new Fleet({ retry: { attempts: 3, minBackoff: '100ms', maxBackoff: '1s' } });
    const one = fleet.instance();
    const ending = endingOf(one.call(down));
    for (let waitedMs = 0; waitedMs < 300; waitedMs += 10) await fleet.clock.advance(10);
    expect(await ending).toBe('ProviderFailed');
    expect(fleet.asked).toBe(3);
  });

  it('is not tried again after a refusal', async () => {
    const fleet = new Fleet({ retry: { attempts: 3 } });
    const refuse = async () => {
      throw rejected('no', 'no');
    };
    expect(await endingOf(fleet.instance().call(refuse))).toBe('Rejected');
    expect(fleet.asked).toBe(1);
  });
});
