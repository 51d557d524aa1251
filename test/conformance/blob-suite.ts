import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PayloadBlob, toBlob } from '../../shared/contract/claim-check.ts';
import { systemClock } from '../../shared/contract/clock.ts';
import { Blobs } from '../../shared/kernel/blobs.ts';
import type { StoreWorld } from './store-suite.ts';

/** Payloads of the largest kind, in a store with its own limits of documents and requests. */
export function blobConformance(name: string, start: () => Promise<StoreWorld>): void {
  describe(`payloads kept ${name}`, () => {
    let world: StoreWorld;
    /** Another instance each time. */
    const blobs = () => new Blobs(world.store, systemClock);
    const found = async ({ check, json }: PayloadBlob) => {
      const payload = (await blobs().read([check])).get(check.sha256);
      return payload instanceof Uint8Array && Buffer.from(payload).equals(Buffer.from(json));
    };

    beforeAll(async () => {
      world = await start();
    });
    afterAll(() => world?.close());

    test('come back as they were, whether of some bytes or of many megabytes', async () => {
      const small = toBlob({ text: `small ${randomBytes(8).toString('hex')}` });
      const large = toBlob({ text: randomBytes(8_000_000).toString('base64') });
      await blobs().write([small, large]);
      expect(await found(small)).toBe(true);
      expect(await found(large)).toBe(true);
    });

    test('come back as they were though several write them at once, and again', async () => {
      const large = toBlob({ text: randomBytes(2_000_000).toString('base64') });
      await Promise.all([1, 2, 3].map(() => blobs().write([large])));
      await blobs().write([large]);
      expect(await found(large)).toBe(true);
    });

    test('are kept for longer, in all their parts', async () => {
      const large = toBlob({ text: randomBytes(2_000_000).toString('base64') });
      const before = { now: () => systemClock.now() - 100 * 86_400_000, after: systemClock.after };
      await new Blobs(world.store, before).write([large]);
      await blobs().renew([large.check]);
      const [head] = await world.store.read([`blobs/${large.check.sha256}`]);
      const { parts, packing, expireAt } = head?.fields ?? {};
      const paths = Array.from(
        { length: Number(parts) },
        (_, part) => `blobs/${large.check.sha256}/parts/${packing}-${part}`,
      );
      expect(paths.length).toBeGreaterThan(1);
      for (const part of await world.store.read(paths)) expect(part?.fields.expireAt).toEqual(expireAt);
      expect((expireAt as Date).getTime()).toBeGreaterThan(systemClock.now() + 110 * 86_400_000);
    });
  });
}
