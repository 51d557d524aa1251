import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bus } from '../../shared/contract/bus.ts';
import type { WireMessage } from '../../shared/contract/message.ts';

export interface BusWorld {
  readonly bus: Bus;
  /** Makes a topic; what is published to it from now on is kept. */
  createTopic(topic: string): Promise<void>;
  /** Takes `count` messages of the topic, waiting for them. */
  take(topic: string, count: number): Promise<WireMessage[]>;
  close(): Promise<void>;
}

/** The obligations of the Bus port (`shared/contract/bus.ts`), held against one implementation. */
export function busConformance(name: string, start: () => Promise<BusWorld>): void {
  describe(`${name} keeps the obligations of a Bus`, () => {
    let world: BusWorld;
    let used = 0;

    beforeAll(async () => {
      world = await start();
    });
    afterAll(() => world?.close());

    async function topic(): Promise<string> {
      const fresh = `topic-${used++}`;
      await world.createTopic(fresh);
      return fresh;
    }

    const message = (data: string | Uint8Array, attributes: Record<string, string> = {}): WireMessage => ({
      data: new Uint8Array(Buffer.from(data)),
      attributes,
    });

    test('what is published is there, byte for byte and attribute for attribute', async () => {
      const to = await topic();
      const published = {
        ...message(
          Uint8Array.from({ length: 256 }, (_, byte) => byte),
          {
            'ce-type': 'orders.place',
            empty: '',
            text: 'ä 漢 🙂',
          },
        ),
        orderingKey: 'order-1',
      };
      await world.bus.publish(to, [published]);
      expect(await world.take(to, 1)).toEqual([published]);
    });

    test('a message may have attributes and no data', async () => {
      const to = await topic();
      await world.bus.publish(to, [message('', { 'ce-type': 'orders.poke' })]);
      expect(await world.take(to, 1)).toEqual([message('', { 'ce-type': 'orders.poke' })]);
    });

    test('all messages of one call are published', async () => {
      const to = await topic();
      await world.bus.publish(
        to,
        Array.from({ length: 20 }, (_, n) => message(`{"n":${n}}`)),
      );
      const taken = await world.take(to, 20);
      const numbers = taken.map(({ data }) => JSON.parse(Buffer.from(data).toString()).n);
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    });

    test('more than a request takes is published all the same', async () => {
      const to = await topic();
      await world.bus.publish(
        to,
        Array.from({ length: 1_001 }, (_, n) => message(String(n))),
      );
      const numbers = (await world.take(to, 1_001)).map(({ data }) => Number(Buffer.from(data)));
      expect(new Set(numbers).size).toBe(1_001);
    });

    test('nothing to publish is no fault', async () => {
      await expect(world.bus.publish('no-such-topic', [])).resolves.toBeUndefined();
    });

    test('a topic that does not exist is told by its name', async () => {
      const publishing = world.bus.publish('no-such-topic', [message('{}')]);
      await expect(publishing).rejects.toMatchObject({
        code: 'TopicNotFound',
        message: expect.stringContaining('no-such-topic'),
      });
    });
  });
}
