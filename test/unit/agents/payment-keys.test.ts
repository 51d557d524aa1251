import { expect, test } from 'vitest';
import { underFirstGoodKey } from '../../../agents/payments/keys.ts';

/** A provider that keeps its first answer to each key, as Stripe does: the first `faults` keys got a fault. */
function provider(faults: number) {
  const kept = new Map<string, string | undefined>();
  const asked: string[] = [];
  return {
    asked,
    request: async (key: string) => {
      asked.push(key);
      const replayed = kept.has(key);
      if (!replayed) kept.set(key, kept.size < faults ? undefined : `made under ${key}`);
      const answer = kept.get(key);
      if (answer !== undefined) return answer;
      throw Object.assign(new Error('api_error'), {
        statusCode: 500,
        headers: replayed ? { 'idempotent-replayed': 'true' } : {},
      });
    },
  };
}

test('a key whose answer is kept as a fault is passed over, and everybody finds the same object', async () => {
  const { request, asked } = provider(2);
  const twice = async () => await underFirstGoodKey('k', request).catch(() => undefined);
  // Each new fault is thrown: the message is delivered again, and goes on from there.
  expect([await twice(), await twice(), await twice()]).toEqual([undefined, undefined, 'made under k:2']);
  expect(await underFirstGoodKey('k', request)).toBe('made under k:2');
  expect(asked.slice(-3)).toEqual(['k', 'k:1', 'k:2']);
});

test('a fault that was not kept leaves the key good', async () => {
  const { request, asked } = provider(0);
  const down = async () => {
    throw Object.assign(new Error('unreachable'), { statusCode: 503, headers: {} });
  };
  await expect(underFirstGoodKey('k', down)).rejects.toThrow('unreachable');
  expect(await underFirstGoodKey('k', request)).toBe('made under k');
  expect(asked).toEqual(['k']);
});

test('a kept refusal is the answer', async () => {
  const declined = async () => {
    throw Object.assign(new Error('declined'), {
      statusCode: 402,
      headers: { 'idempotent-replayed': 'true' },
    });
  };
  await expect(underFirstGoodKey('k', declined)).rejects.toThrow('declined');
});

test('a provider that only fails is given up on for now', async () => {
  const dead = async () => {
    throw Object.assign(new Error('api_error'), {
      statusCode: 500,
      headers: { 'idempotent-replayed': 'true' },
    });
  };
  await expect(underFirstGoodKey('k', dead)).rejects.toMatchObject({ code: 'ProviderFailed' });
});
