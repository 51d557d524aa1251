import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareValues } from '../../../emulator/firestore/order.ts';
import { compareIds, compareNames } from '../../../emulator/firestore/path.ts';
import { valueFrom } from '../../../emulator/firestore/plain.ts';
import { compareUtf8 } from '../../../emulator/firestore/utf8.ts';
import { identical, type Value } from '../../../emulator/firestore/value.ts';

const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.constant<Value>({ type: 'null' }),
  fc.boolean().map((value): Value => ({ type: 'boolean', value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): Value => ({ type: 'integer', value })),
  fc.integer({ min: -3, max: 3 }).map((value): Value => ({ type: 'integer', value: BigInt(value) })),
  fc.double().map((value): Value => ({ type: 'double', value })),
  fc.constantFrom(-1, -0, 0, 1, 2 ** 53, Number.NaN).map((value): Value => ({ type: 'double', value })),
  fc
    .record({ seconds: fc.integer(), nanos: fc.nat(999_999_999) })
    .map((at): Value => ({ type: 'timestamp', ...at })),
  fc.string({ unit: 'binary', maxLength: 4 }).map((value): Value => ({ type: 'string', value })),
  fc.uint8Array({ maxLength: 3 }).map((value): Value => ({ type: 'bytes', value })),
  fc
    .constantFrom('a/b', 'a/b/c/d', 'a/__id7__', 'a/__id10__', 'a-b/c')
    .map((path): Value => ({ type: 'reference', value: `projects/p/databases/d/documents/${path}` })),
  fc
    .record({ latitude: fc.integer({ min: -90, max: 90 }), longitude: fc.integer({ min: -180, max: 180 }) })
    .map((at): Value => ({ type: 'geopoint', ...at })),
);
const { value } = fc.letrec<{ value: Value; list: Value; map: Value; vector: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('list'),
    tie('map'),
    tie('vector'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }).map((values): Value => ({ type: 'array', values })),
  map: fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), tie('value')), { maxLength: 3 })
    .map((entries): Value => ({ type: 'map', fields: new Map(entries) })),
  vector: fc.array(fc.integer(), { maxLength: 3 }).map(
    (numbers): Value => ({
      type: 'map',
      fields: new Map<string, Value>([
        ['__type__', { type: 'string', value: '__vector__' }],
        ['value', { type: 'array', values: numbers.map((each): Value => ({ type: 'double', value: each })) }],
      ]),
    }),
  ),
}));

describe('the order of values', () => {
  test('is the documented one across types', () => {
    const vector = { __type__: '__vector__', value: [1] };
    const ordered = [
      valueFrom(null),
      valueFrom(false),
      valueFrom(true),
      valueFrom(Number.NaN),
      valueFrom(Number.NEGATIVE_INFINITY),
      valueFrom(-1),
      valueFrom(0.5),
      valueFrom(2n ** 62n),
      valueFrom(new Date(0)),
      valueFrom(''),
      valueFrom('a'),
      valueFrom(new Uint8Array([0])),
      { type: 'reference', value: 'projects/p/databases/d/documents/a/b' } as const,
      { type: 'geopoint', latitude: 0, longitude: 0 } as const,
      valueFrom([]),
      valueFrom([null]),
      valueFrom(vector),
      valueFrom({}),
      valueFrom({ a: 1 }),
      valueFrom({ a: 1, b: 0 }),
      valueFrom({ a: 2 }),
      valueFrom({ b: 0 }),
    ];
    for (const [index, each] of ordered.entries())
      for (const later of ordered.slice(index + 1)) {
        expect(compareValues(each, later)).toBeLessThan(0);
        expect(compareValues(later, each)).toBeGreaterThan(0);
      }
  });

  test('is total: antisymmetric, transitive, and equal to itself', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(compareValues(a, a)).toBe(0);
        expect(Math.sign(compareValues(a, b))).toBe(-Math.sign(compareValues(b, a)) + 0);
        if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0)
          expect(compareValues(a, c)).toBeLessThanOrEqual(0);
        if (identical(a, b)) expect(compareValues(a, b)).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('knows an integer from the double next to it, beyond the precision of doubles', () => {
    const integer = valueFrom(2n ** 53n + 1n);
    expect(compareValues(integer, { type: 'double', value: 2 ** 53 })).toBeGreaterThan(0);
    expect(compareValues(valueFrom(3), { type: 'double', value: 3 })).toBe(0);
    expect(identical(valueFrom(3), { type: 'double', value: 3 })).toBe(false);
  });
});

describe('the order of strings', () => {
  test('is that of their UTF-8 bytes', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareUtf8('\u{1F600}', '\uFFFD')).toBeGreaterThan(0);
  });
});

describe('the order of names', () => {
  test('goes id by id, numeric ids first and by number', () => {
    expect(compareIds('__id9__', '__id10__')).toBeLessThan(0);
    expect(compareIds('__id10__', 'a')).toBeLessThan(0);
    expect(compareNames('a/b/c', 'a-/b')).toBeLessThan(0);
    expect(compareNames('a/b', 'a/b/c/d')).toBeLessThan(0);
  });
});
