import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from '../../../build/digest.ts';

const files = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), {
  selector: ([name]) => name,
  maxLength: 5,
});

test('files have one digest, in whichever order they are found', () => {
  fc.assert(
    fc.property(files, (some) => {
      expect(digestOf(new Map([...some].reverse()))).toBe(digestOf(new Map(some)));
    }),
  );
});

test('other files have another digest, however names and content run together', () => {
  fc.assert(
    fc.property(files, files, (some, others) => {
      const same =
        JSON.stringify([...some].sort(([a], [b]) => (a < b ? -1 : 1))) ===
        JSON.stringify([...others].sort(([a], [b]) => (a < b ? -1 : 1)));
      expect(digestOf(new Map(some)) === digestOf(new Map(others))).toBe(same);
    }),
  );
  expect(digestOf(new Map([['ab', 'c']]))).not.toBe(digestOf(new Map([['a', 'bc']])));
});
