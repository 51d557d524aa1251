import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fields, FieldValue } from '../../../shared/contract/store.ts';
import { encodeQuery, fieldPath } from '../../../shared/gcp/query-codec.ts';
import {
  decodeFields,
  decodeVersion,
  encodeFields,
  encodeValue,
  encodeVersion,
} from '../../../shared/gcp/value-codec.ts';

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true }),
  fc.maxSafeInteger(),
  fc.string({ unit: 'grapheme' }),
  fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }),
  fc.uint8Array({ maxLength: 20 }),
);
const { fields } = fc.letrec<{ fields: Fields; list: FieldValue[]; value: FieldValue }>((tie) => ({
  fields: fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 5 }),
  list: fc.array(fc.oneof({ depthSize: 'small' }, leaf, tie('fields')), { maxLength: 5 }),
  value: fc.oneof({ depthSize: 'small' }, leaf, tie('fields'), tie('list')),
}));

describe('fields on the wire', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(fields, (given) => {
        expect(decodeFields(encodeFields(given))).toEqual(given);
      }),
    );
  });

  test('come back though their names are those that Firestore does not take', () => {
    const name = fc.stringMatching(/^~{0,2}(__.{0,3}__)?$/);
    fc.assert(
      fc.property(fc.dictionary(name, fc.constant(1)), (given) => {
        const wire = encodeFields({ attributes: given });
        const names = Object.keys(wire.attributes?.mapValue?.fields ?? {});
        expect(names.filter((each) => each === '' || /^__.*__$/s.test(each))).toEqual([]);
        expect(decodeFields(wire)).toEqual({ attributes: given });
      }),
    );
  });

  test('whole numbers are integers, all others doubles', () => {
    expect(encodeValue(3)).toEqual({ integerValue: '3' });
    expect(encodeValue(0.5)).toEqual({ doubleValue: 0.5 });
    expect(encodeValue(-0)).toEqual({ doubleValue: -0 });
    expect(encodeValue(2 ** 60)).toEqual({ doubleValue: 2 ** 60 });
    expect(encodeValue(Number.NaN)).toEqual({ doubleValue: Number.NaN });
  });

  test('what is undefined is left out', () => {
    expect(encodeFields({ a: 1, b: undefined } as unknown as Fields)).toEqual({ a: { integerValue: '1' } });
  });

  test.each([
    ['an array directly in an array', { a: { b: [1, [2]] } }, 'a.b.1'],
    ['an invalid date', { when: new Date(Number.NaN) }, 'when'],
    ['a function', { f: () => 1 }, 'f'],
    ['half a character', { a: { b: '\ud800' } }, 'a.b'],
    ['half a character in a name', { a: { '\ud800': 1 } }, 'a.\ufffd'],
  ])('%s is refused, naming the field', (_what, given, field) => {
    expect(() => encodeFields(given as unknown as Fields)).toThrow(
      expect.objectContaining({ code: 'StateInvalid', field }),
    );
  });
});

describe('a version', () => {
  test('keeps every nanosecond', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 999_999_999 }), (seconds, nanos) => {
        const version = encodeVersion({ seconds: String(seconds), nanos });
        expect(decodeVersion(version)).toEqual({ seconds: String(seconds), nanos });
      }),
    );
    expect(encodeVersion({ seconds: 7, nanos: 10 })).not.toBe(encodeVersion({ seconds: 7, nanos: 100 }));
  });

  test('of another store is no version', () => {
    expect(decodeVersion('')).toBeUndefined();
    expect(decodeVersion('12')).toBeUndefined();
    expect(decodeVersion('12.5')).toBeUndefined();
  });
});

describe('a query on the wire', () => {
  const root = 'projects/p/databases/d/documents';

  test('of a collection below a document has that document as its parent', () => {
    const { parent, structuredQuery } = encodeQuery({ collection: 'workflows/r1/history' }, root);
    expect(parent).toBe(`${root}/workflows/r1`);
    expect(structuredQuery.from).toEqual([{ collectionId: 'history' }]);
  });

  test('quotes the names of fields that need it', () => {
    expect(fieldPath('status')).toBe('status');
    expect(fieldPath('a.b_2')).toBe('a.b_2');
    expect(fieldPath('odd-name.x')).toBe('`odd-name`.x');
    expect(fieldPath('back`tick\\')).toBe('`back\\`tick\\\\`');
  });
});
