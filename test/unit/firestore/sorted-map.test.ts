import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SortedMap } from '../../../emulator/firestore/sorted-map.ts';

const byNumber = (a: number, b: number) => a - b;

describe('a sorted map', () => {
  test('holds what a map holds, in order, through any changes', () => {
    const change = fc.record({ key: fc.nat(2000), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3000, size: 'max' }), (changes) => {
        const sorted = new SortedMap<number, number>(byNumber);
        const model = new Map<number, number>();
        for (const [index, { key, remove }] of changes.entries()) {
          if (remove) expect(sorted.delete(key)).toBe(model.delete(key));
          else {
            sorted.set(key, index);
            model.set(key, index);
          }
          expect(sorted.get(key)).toBe(model.get(key));
          expect(sorted.has(key)).toBe(model.has(key));
        }
        expect(sorted.size).toBe(model.size);
        expect([...sorted.entries()]).toEqual([...model].sort(([a], [b]) => a - b));
      }),
      { numRuns: 20 },
    );
  });

  test('gives any range in either direction', () => {
    const bound = fc.option(fc.record({ key: fc.nat(1300), inclusive: fc.boolean() }), { nil: undefined });
    const sorted = new SortedMap<number, number>(byNumber);
    const keys = Array.from({ length: 1200 }, (_, index) => (index * 7) % 1201).map((key) => key + 1);
    for (const key of keys) sorted.set(key, -key);
    fc.assert(
      fc.property(bound, bound, fc.boolean(), (from, to, reverse) => {
        const wanted = keys
          .filter((key) => !from || key > from.key || (from.inclusive && key === from.key))
          .filter((key) => !to || key < to.key || (to.inclusive && key === to.key))
          .sort(byNumber);
        if (reverse) wanted.reverse();
        expect([...sorted.entries({ from, to }, reverse)].map(([key]) => key)).toEqual(wanted);
      }),
    );
  });
});
