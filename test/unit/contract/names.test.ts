import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeKey } from '../../../shared/contract/names.ts';

it('any text is the key of a document of its own', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(encodeKey(a)).toMatch(/^(?!\.{1,2}$)(?!__.*__$)[^/]{1,1500}$/);
      expect(encodeKey(a) === encodeKey(b)).toBe(a === b);
    }),
  );
});

it.each([[''], ['..'], ['__x__'], ['a/b'], ['\ud800'], ['\udc00'], ['é'.repeat(2_000)]])(
  '%j is one',
  (key) => {
    expect(encodeKey(key)).toMatch(/^(?!\.{1,2}$)(?!__.*__$)[^/]{1,1500}$/);
  },
);

it('halves of characters are told apart', () => {
  expect(encodeKey('\ud800')).not.toBe(encodeKey('\ud801'));
});
