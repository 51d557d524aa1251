import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { brokerWith, publishOrdered, pull, pullTexts, SUBSCRIPTION, statusOf } from './support.ts';

const STRICT = { enableMessageOrdering: true, enableExactlyOnceDelivery: true };

describe('exactly-once delivery in order', () => {
  test('takes the acks of a key in the order of its messages, and says which came too early', async () => {
    const { broker } = brokerWith(STRICT);
    publishOrdered(broker, 'a1', 'b1', 'a2');
    const ids = new Map((await pull(broker)).map(({ text, ackId }) => [text, ackId]));
    const ack = (...texts: string[]) => {
      const { invalid, unordered } = broker.acknowledge(
        SUBSCRIPTION,
        texts.map((text) => ids.get(text) ?? ''),
      );
      const textOf = (id: string) => [...ids].find(([, each]) => each === id)?.[0];
      return { invalid: invalid.map(textOf), unordered: unordered.map(textOf) };
    };
    expect(ack('a2', 'b1')).toEqual({ invalid: [], unordered: ['a2'] });
    expect(ack('a2', 'a1')).toEqual({ invalid: [], unordered: ['a2', 'a1'] });
    expect(ack('a1', 'a2', 'a1')).toEqual({ invalid: [], unordered: [] });
    expect(ack('a1', 'b1')).toEqual({ invalid: ['a1', 'b1'], unordered: [] });
    expect(statusOf(broker)).toMatchObject({ acked: 3, outstanding: 0, backlog: 0 });
  });

  test('whatever is acked in whatever order: what it takes is a beginning of each key, and comes never again', async () => {
    const batch = ['a1', 'a2', 'b1', 'a3', 'b2', 'b3'];
    const requests = fc.array(fc.array(fc.nat(batch.length - 1), { minLength: 1, maxLength: 6 }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(requests, fc.nat(batch.length - 1), async (acks, nacked) => {
        const { broker } = brokerWith(STRICT);
        publishOrdered(broker, ...batch);
        const held = await pull(broker);
        const taken = new Set<string>();
        for (const request of acks) {
          const ids = request.map((at) => held[at]?.ackId ?? '');
          const { invalid, unordered } = broker.acknowledge(SUBSCRIPTION, ids);
          const refused = new Set([...invalid, ...unordered]);
          for (const { text, ackId } of held) if (ids.includes(ackId) && !refused.has(ackId)) taken.add(text);
        }
        for (const key of ['a', 'b']) {
          const acked = [...taken].filter((text) => text.startsWith(key)).toSorted();
          expect(acked).toEqual([1, 2, 3].slice(0, acked.length).map((n) => `${key}${n}`));
        }
        // The others of the key are leased on: only the nack of one brings it and those after it again.
        broker.modifyAckDeadline(SUBSCRIPTION, [held[nacked]?.ackId ?? ''], 0);
        const again = await pullTexts(broker);
        expect(again.filter((text) => taken.has(text))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
