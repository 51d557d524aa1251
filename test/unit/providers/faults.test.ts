import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FaultPlan } from '../../../emulator/providers/fault-plan.ts';
import { type FaultRule, parseFaultRules } from '../../../emulator/providers/fault-rule.ts';
import { parseForm } from '../../../emulator/providers/form.ts';
import { seededRandom } from '../../../emulator/providers/random.ts';

function plan(...rules: FaultRule[]): FaultPlan {
  return new FaultPlan(seededRandom(7), rules);
}

describe('a fault', () => {
  test('strikes only its path and method', () => {
    const faults = plan({ kind: 'fail', path: '/v1/refunds', method: 'POST' });
    expect(faults.strike('POST', '/v1/refunds').refusal).toEqual({ kind: 'fail', status: 500 });
    expect(faults.strike('GET', '/v1/refunds').refusal).toBeUndefined();
    expect(faults.strike('POST', '/v1/payment_intents').refusal).toBeUndefined();
  });

  test('strikes at most as often as it is told', () => {
    const faults = plan({ kind: 'rateLimit', count: 2, retryAfterSeconds: 3 });
    const struck = [1, 2, 3].map(() => faults.strike('GET', '/').refusal);
    expect(struck).toEqual([
      { kind: 'rateLimit', retryAfterSeconds: 3 },
      { kind: 'rateLimit', retryAfterSeconds: 3 },
      undefined,
    ]);
    expect(faults.struck).toEqual({ rateLimit: 2 });
  });

  test('strikes with its probability, the same requests for the same seed', () => {
    const strikes = () => {
      const faults = plan({ kind: 'hang', probability: 0.3 });
      return Array.from({ length: 1000 }, () => faults.strike('GET', '/').silence === 'open');
    };
    expect(strikes()).toEqual(strikes());
    const share = strikes().filter(Boolean).length / 1000;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.35);
  });

  test('adds up with delays; of several ends the first one wins', () => {
    const faults = plan(
      { kind: 'slow', delayMs: 100 },
      { kind: 'slow', delayMs: 50, phase: 'after' },
      { kind: 'timeoutAfterWork', delayMs: 10 },
      { kind: 'fail' },
    );
    expect(faults.strike('POST', '/')).toEqual({ beforeMs: 100, afterMs: 60, silence: 'reset' });
    expect(faults.struck).toEqual({ slow: 2, timeoutAfterWork: 1 });
  });

  test.each([
    [{}, 'rules must be an array'],
    [[{ kind: 'explode' }], 'rules[0].kind is not valid'],
    [[{ kind: 'slow' }, { kind: 'slow', probability: 2 }], 'rules[1].probability is not valid'],
    [[{ kind: 'slow', speed: 1 }], 'rules[0].speed is unknown'],
    [[{ probability: 1 }], 'rules[0].kind is missing'],
  ])('is refused, naming the field, for %j', (value, message) => {
    expect(() => parseFaultRules(value)).toThrow(message);
  });

  test('that is not valid leaves the rules as they were', () => {
    const faults = plan({ kind: 'hang' });
    expect(() => faults.set([{ kind: 'slow', delayMs: -1 }])).toThrow(TypeError);
    expect(faults.rules).toEqual([{ kind: 'hang' }]);
  });
});

describe('the seeded generator', () => {
  test('stays in [0, 1), repeats for its seed, and differs between seeds', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (a, b) => {
        const draw = (seed: number) => Array.from({ length: 20 }, seededRandom(seed));
        for (const value of draw(a)) expect(value >= 0 && value < 1).toBe(true);
        expect(draw(a)).toEqual(draw(a));
        if (a >>> 0 !== b >>> 0) expect(draw(a)).not.toEqual(draw(b));
      }),
    );
  });
});

describe('a form', () => {
  test('nests by brackets', () => {
    expect(parseForm('a=1&b[c]=2&b[d][0]=3&b[d][1]=4&e[]=5&e[]=6')).toEqual({
      a: '1',
      b: { c: '2', d: { 0: '3', 1: '4' } },
      e: { 0: '5', 1: '6' },
    });
  });

  test('holds any key as a key', () => {
    const form = parseForm('metadata[__proto__]=x&constructor=y');
    expect(Object.keys(form.metadata ?? {})).toEqual(['__proto__']);
    expect(form.constructor).toBe('y');
  });
});
