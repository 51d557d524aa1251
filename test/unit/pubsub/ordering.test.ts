import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  brokerWith,
  HandTransport,
  PUSH,
  publishOrdered,
  pull,
  pullTexts,
  SECOND,
  SUBSCRIPTION,
  statusOf,
} from './support.ts';

const ORDERED = { enableMessageOrdering: true };

describe('ordered pull', () => {
  test('has one batch of a key outstanding; other keys go on', async () => {
    const { broker } = brokerWith(ORDERED);
    publishOrdered(broker, 'a1', 'a2', 'a3', 'b1');
    const batch = await pull(broker, 2);
    expect(batch.map(({ text }) => text)).toEqual(['a1', 'a2']);
    expect(await pullTexts(broker)).toEqual(['b1']);
    broker.acknowledge(
      SUBSCRIPTION,
      batch.map(({ ackId }) => ackId),
    );
    expect(await pullTexts(broker)).toEqual(['a3']);
  });

  test('sends all later messages of the key again, acked ones too, in order', async () => {
    const { broker } = brokerWith(ORDERED);
    publishOrdered(broker, 'a1', 'a2', 'a3', 'a4');
    const [a1, a2, a3] = await pull(broker, 3);
    broker.acknowledge(SUBSCRIPTION, [a1?.ackId ?? '', a3?.ackId ?? '']);
    broker.modifyAckDeadline(SUBSCRIPTION, [a2?.ackId ?? ''], 0);
    expect(await pullTexts(broker)).toEqual(['a2', 'a3', 'a4']);
  });

  test('waits for what is outstanding before the message that failed', async () => {
    const { broker } = brokerWith(ORDERED);
    publishOrdered(broker, 'a1', 'a2');
    const [a1, a2] = await pull(broker);
    broker.modifyAckDeadline(SUBSCRIPTION, [a2?.ackId ?? ''], 0);
    expect(await pullTexts(broker)).toEqual([]);
    broker.modifyAckDeadline(SUBSCRIPTION, [a1?.ackId ?? ''], 0);
    expect(await pullTexts(broker)).toEqual(['a1', 'a2']);
  });

  test('holds the whole key back for the retry delay', async () => {
    const retryPolicy = { minimumBackoffMs: 5 * SECOND, maximumBackoffMs: 5 * SECOND };
    const { broker, clock } = brokerWith({ ...ORDERED, retryPolicy });
    publishOrdered(broker, 'a1', 'a2', 'b1');
    const [a1] = await pull(broker, 1);
    broker.modifyAckDeadline(SUBSCRIPTION, [a1?.ackId ?? ''], 0);
    expect(await pullTexts(broker)).toEqual(['b1']);
    await clock.advance(5 * SECOND);
    expect(await pullTexts(broker)).toEqual(['a1', 'a2']);
  });

  test('lets a key go on when the message it is held back for is too old', async () => {
    const { broker, clock } = brokerWith({
      ...ORDERED,
      messageRetentionMs: 600 * SECOND,
      retryPolicy: { minimumBackoffMs: 600 * SECOND, maximumBackoffMs: 600 * SECOND },
    });
    publishOrdered(broker, 'a1');
    const [a1] = await pull(broker);
    await clock.advance(5 * SECOND);
    broker.modifyAckDeadline(SUBSCRIPTION, [a1?.ackId ?? ''], 0);
    publishOrdered(broker, 'a2');
    await clock.advance(598 * SECOND);
    expect(await pullTexts(broker)).toEqual(['a2']);
  });

  test('whatever is acked, nacked or left to expire: what is acked first is acked in order, and nothing is lost', async () => {
    const step = fc.record({
      take: fc.integer({ min: 1, max: 4 }),
      outcomes: fc.array(fc.constantFrom('ack', 'nack', 'leave'), { minLength: 4, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { broker, clock } = brokerWith(ORDERED);
        const sent = ['a1', 'b1', 'a2', 'a3', 'b2', 'a4', 'a5', 'b3'];
        publishOrdered(broker, ...sent);
        const firstSeen: string[] = [];
        const round = async (take: number, outcomeOf: (index: number) => string | undefined) => {
          const batch = await pull(broker, take);
          for (const [index, { ackId, text }] of batch.entries()) {
            if (!firstSeen.includes(text)) firstSeen.push(text);
            if (outcomeOf(index) === 'ack') broker.acknowledge(SUBSCRIPTION, [ackId]);
            if (outcomeOf(index) === 'nack') broker.modifyAckDeadline(SUBSCRIPTION, [ackId], 0);
          }
          await clock.advance(10 * SECOND);
        };
        for (const { take, outcomes } of steps) await round(take, (index) => outcomes[index]);
        while (!broker.idle((name) => name === SUBSCRIPTION)) await round(10, () => 'ack');
        for (const key of ['a', 'b']) {
          const ofKey = (texts: string[]) => texts.filter((text) => text.startsWith(key));
          expect(ofKey(firstSeen)).toEqual(ofKey(sent));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('ordered push', () => {
  test('has one message of a key outstanding, in order, and repeats the one that failed', async () => {
    const transport = new HandTransport();
    const { broker, clock } = brokerWith({ ...PUSH, ...ORDERED }, { pushTransport: transport.send });
    publishOrdered(broker, 'a1', 'a2', 'b1');
    expect(transport.texts).toEqual(['a1', 'b1']);
    await transport.sent[0]?.answer(503);
    await transport.sent[1]?.answer(200);
    await clock.advance(100);
    expect(transport.texts).toEqual(['a1', 'b1', 'a1']);
    await transport.last.answer(200);
    expect(transport.texts).toEqual(['a1', 'b1', 'a1', 'a2']);
    expect(transport.last.json.message.orderingKey).toBe('a');
    await transport.last.answer(200);
    expect(statusOf(broker)).toMatchObject({ acked: 3, nacked: 1, backlog: 0, outstanding: 0 });
  });
});
