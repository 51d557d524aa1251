import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rankOf } from '../../../emulator/firestore/index/rank.ts';
import { classOf, compareValues } from '../../../emulator/firestore/order.ts';
import { type Plain, valueFrom } from '../../../emulator/firestore/plain.ts';

const text = fc.string({
  unit: fc.constantFrom('', 'a', 'b', '\ud7ff', '\ufb01', '\u{1f600}'),
  maxLength: 5,
});
const plain: fc.Arbitrary<Plain> = fc.oneof(
  text,
  fc.double(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.date({ noInvalidDate: true }),
  fc.constantFrom<Plain[]>(null, [], [1], {}),
);

test('a value of lower rank is lower, within its class', () => {
  fc.assert(
    fc.property(plain, plain, (left, right) => {
      const [a, b] = [valueFrom(left), valueFrom(right)];
      fc.pre(classOf(a) === classOf(b) && rankOf(a) < rankOf(b));
      expect(compareValues(a, b)).toBeLessThan(0);
    }),
    { numRuns: 300 },
  );
});
