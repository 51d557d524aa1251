import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/index.ts';
import { StateDocuments } from '../../../shared/kernel/state.ts';

const notes = (schema: z.ZodType) =>
  new StateDocuments(
    defineAgent({ name: 'notes', state: { schema, keep: '30d' } }).contract,
    ['k'],
    [undefined],
  );
const any = () => notes(z.record(z.string(), z.any()));
const nested = (levels: number): unknown => (levels === 0 ? 1 : { d: nested(levels - 1) });
const circle: { self?: unknown } = {};
circle.self = circle;

describe('a state document that Firestore can not keep is refused to the handler, with the field', () => {
  test.each<[string, unknown, string]>([
    ['21 levels', { a: nested(21) }, 'a.d'],
    ['half an emoji', { text: 'Hello \ud83d' }, 'text'],
    ['a Map', { m: new Map([['a', 1]]) }, 'm'],
    ['a Set', { s: [new Set()] }, 's.0'],
    ['an instance of a class', { e: new Error('x') }, 'e'],
    ['the key __proto__', JSON.parse('{"a":{"__proto__":{"b":1}}}'), 'a.__proto__'],
    ['a date after the year 9999', { at: new Date('+012000-01-01T00:00:00Z') }, 'at'],
    ['a list in a list', { rows: [[1]] }, 'rows.0'],
    ['undefined in a list', { rows: [undefined] }, 'rows.0'],
    ['a bigint', { n: 1n }, 'n'],
    ['a circle', circle, 'self'],
  ])('%s', (_, value, field) => {
    let thrown: unknown;
    const state = any();
    try {
      state.set('k', value);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'StateInvalid',
      field: expect.stringContaining(field),
      retry: false,
    });
    expect(state.writes(0)).toEqual([]);
  });

  test('over 1 MiB, with its name and the date of its expiry', () => {
    expect(() => any().set('k', { text: 'x'.repeat(1_048_485) })).toThrow(
      expect.objectContaining({ code: 'DocumentTooLarge' }),
    );
  });
});

test('what is kept comes back as it was set: dates, bytes, NaN, -0, and without what is undefined', () => {
  const state = any();
  const value = {
    at: new Date(0),
    bytes: new Uint8Array([1]),
    n: Number.NaN,
    z: -0,
    list: [null],
    no: undefined,
  };
  state.set('k', value);
  const { no: _, ...kept } = value;
  expect(state.get('k')).toEqual(kept);
  expect(state.writes(0)).toMatchObject([{ kind: 'create', fields: kept }]);
});

test('what the handler does to the value afterwards changes nothing', () => {
  const state = any();
  const value = { list: [1] };
  state.set('k', value);
  value.list.push(2);
  expect(state.get('k')).toEqual({ list: [1] });
});
