import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  baggageView,
  decodeEnvelope,
  defineBaggage,
  encodeMessage,
  withBaggage,
} from '../../../shared/contract/index.ts';

const user = defineBaggage('user', z.string().max(8));
const depth = defineBaggage('depth', z.coerce.number<string>().int());
const envelope = {
  id: 'm-1',
  source: '/test',
  type: 'till.sell',
  time: '2026-01-01T00:00:00Z',
  correlationId: 'c',
};
const decoded = (attributes: Record<string, string>) =>
  decodeEnvelope(
    {
      data: new Uint8Array(),
      attributes: { 'ce-type': 'till.sell', ...attributes },
      messageId: '1',
      publishTime: '2026-01-01T00:00:00Z',
      subscription: '',
    },
    'till',
  );

describe('baggage', () => {
  it('travels in attributes of its own, and is read by its schemas', () => {
    const baggage = withBaggage(undefined, [user.of('ada'), depth.of('3')]);
    const { attributes } = encodeMessage({ ...envelope, data: null, ...(baggage && { baggage }) });
    expect(attributes).toMatchObject({ 'baggage-user': 'ada', 'baggage-depth': '3' });
    const view = baggageView(decoded(attributes).baggage);
    expect([view.get(user), view.get(depth)]).toEqual(['ada', 3]);
    expect(baggageView().get(user)).toBeUndefined();
  });

  it('is replaced by a fact of the same name', () => {
    expect(withBaggage({ user: 'ada', locale: 'de' }, [user.of('bob')])).toEqual({
      user: 'bob',
      locale: 'de',
    });
  });

  it.each(['User', 'a-b', '', '1st', `x${'y'.repeat(32)}`, '__proto__'])('has no name %j', (name) => {
    expect(() => defineBaggage(name, z.string())).toThrow(
      expect.objectContaining({ code: 'BaggageInvalid' }),
    );
    expect(() => decoded({ [`baggage-${name}`]: 'x' })).toThrow(
      expect.objectContaining({ code: 'BaggageInvalid', field: `baggage-${name}` }),
    );
  });

  it.each(['toString', 'constructor'])('has nothing under the name of what every object has: %s', (name) => {
    expect(baggageView({}).get({ ...user, name })).toBeUndefined();
  });

  it('has values within their schema, of Unicode, and of 256 bytes at most', () => {
    for (const value of ['longer than eight', '\ud800', 'é'.repeat(129)])
      expect(() => user.of(value)).toThrow(
        expect.objectContaining({ code: 'BaggageInvalid', field: expect.any(String) }),
      );
    expect(() => baggageView({ depth: 'deep' }).get(depth)).toThrow(
      expect.objectContaining({ code: 'BaggageInvalid' }),
    );
  });

  it('has 16 facts at most, on the way out and in', () => {
    const names = Array.from({ length: 17 }, (_, at) => `f${at}`);
    const facts = names.map((name) => defineBaggage(name, z.string()).of('x'));
    expect(withBaggage(undefined, facts.slice(1))).toBeDefined();
    expect(() => withBaggage(undefined, facts)).toThrow(/16 facts/);
    expect(() => decoded(Object.fromEntries(names.map((name) => [`baggage-${name}`, 'x'])))).toThrow(
      /16 facts/,
    );
  });

  it('comes out as it went in, whatever it is', () => {
    const names = fc.stringMatching(/^[a-z][a-z0-9]{0,31}$/);
    const values = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(fc.dictionary(names, values, { maxKeys: 16 }), (baggage) => {
        const { attributes } = encodeMessage({ ...envelope, data: null, baggage });
        expect(decoded(attributes).baggage ?? {}).toEqual({ ...baggage });
      }),
    );
  });
});
