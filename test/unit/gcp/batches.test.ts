import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WireMessage } from '../../../shared/contract/message.ts';
import { batches, wireBytes } from '../../../shared/gcp/batches.ts';

const size = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 4_000_000 }), fc.constant(11_000_000));
const message = size.map((bytes): WireMessage => ({ data: new Uint8Array(bytes), attributes: { a: 'b' } }));

test('every message is in one request, in order, and no request is over a limit that it could keep', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
      const split = batches(messages);
      expect(split.flat()).toEqual(messages);
      for (const batch of split) {
        const bytes = batch.reduce((sum, one) => sum + wireBytes(one), 0);
        expect(batch.length === 1 || bytes <= 10_000_000).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test('a thousand small messages are one request; one more makes two', () => {
  const small = (count: number) =>
    Array.from({ length: count }, (): WireMessage => ({ data: new Uint8Array(10), attributes: {} }));
  expect(batches(small(1_000)).map((batch) => batch.length)).toEqual([1_000]);
  expect(batches(small(1_001)).map((batch) => batch.length)).toEqual([1_000, 1]);
  expect(batches([])).toEqual([]);
});
