import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Broker } from '../../../emulator/pubsub/broker.ts';
import { brokerWith, pull, pullTexts, SECOND, SUBSCRIPTION, TOPIC } from './support.ts';

/** Publishes messages of keys, `a1` of the key `a`, whose publisher is answered when the returned function is called. */
function publishUnanswered(broker: Broker, ...texts: string[]): () => void {
  let deliver = () => {};
  broker.publish(
    TOPIC,
    texts.map((text) => ({ data: Buffer.from(text), orderingKey: text[0] ?? '' })),
    (then) => {
      deliver = then;
    },
  );
  return deliver;
}

describe('a message whose publisher has no answer yet', () => {
  test('is given to nobody, whatever else is delivered meanwhile', async () => {
    const { broker } = brokerWith();
    const answer = publishUnanswered(broker, 'a1');
    broker.publish(TOPIC, [{ data: Buffer.from('b1') }]);
    expect(await pullTexts(broker)).toEqual(['b1']);
    answer();
    expect(await pullTexts(broker)).toEqual(['a1']);
  });

  test('reaches a stream a little later than the answer', async () => {
    const { broker, clock } = brokerWith();
    const texts: string[] = [];
    broker.openStream(
      SUBSCRIPTION,
      { ackDeadlineSeconds: 60 },
      {
        messages: (batch) => texts.push(...batch.map(({ message }) => Buffer.from(message.data).toString())),
        ended: () => {},
      },
    );
    publishUnanswered(broker, 'a1')();
    expect(texts).toEqual([]);
    await clock.advance(SECOND);
    expect(texts).toEqual(['a1']);
  });

  test('is in a snapshot, and can be sought away', async () => {
    const { broker } = brokerWith();
    const snapshot = 'projects/p/snapshots/before';
    const answer = publishUnanswered(broker, 'a1');
    broker.snapshots.create(snapshot, SUBSCRIPTION);
    broker.snapshots.seek(SUBSCRIPTION, { timeMs: Number.MAX_SAFE_INTEGER });
    answer();
    expect(await pullTexts(broker)).toEqual([]);
    broker.snapshots.seek(SUBSCRIPTION, { snapshot });
    expect(await pullTexts(broker)).toEqual(['a1']);
  });

  test('keeps back the later ones of its key alone, in whatever order publishers are answered', async () => {
    const step = fc.oneof(
      fc.record({ publish: fc.constantFrom('a', 'b', ''), answer: fc.constant(undefined) }),
      fc.record({ publish: fc.constant(undefined), answer: fc.nat(20) }),
      fc.record({ publish: fc.constant(undefined), answer: fc.constant(undefined) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.boolean(),
        async (steps, enableMessageOrdering) => {
          const { broker } = brokerWith({ enableMessageOrdering, messageRetentionMs: 600 * SECOND });
          const answers: { readonly text: string; readonly run: () => void }[] = [];
          const answered = new Set<string>();
          const sent: string[] = [];
          const seen: string[] = [];
          const take = async () => {
            const batch = await pull(broker, 3);
            for (const { text, ackId } of batch) {
              expect(answered).toContain(text);
              seen.push(text);
              broker.acknowledge(SUBSCRIPTION, [ackId]);
            }
            return batch.length;
          };
          const answer = ({ text, run }: { readonly text: string; readonly run: () => void }) => {
            answered.add(text);
            run();
          };
          for (const { publish, answer: which } of steps) {
            if (publish !== undefined) {
              const text = `${publish}${sent.length}`;
              sent.push(text);
              const orderingKey = publish;
              broker.publish(TOPIC, [{ data: Buffer.from(text), orderingKey }], (run) =>
                answers.push({ text, run }),
              );
            } else if (which !== undefined) answers.splice(which % (answers.length || 1), 1).forEach(answer);
            else await take();
          }
          for (const left of answers) answer(left);
          while ((await take()) > 0) {
            // Until all was taken.
          }
          expect(seen.toSorted()).toEqual(sent.toSorted());
          if (!enableMessageOrdering) return;
          for (const key of ['a', 'b']) {
            const ofKey = (texts: string[]) => texts.filter((text) => text.startsWith(key));
            expect(ofKey(seen)).toEqual(ofKey(sent));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
