import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFirestore } from '../../emulator/firestore/server.ts';
import { type PayloadBlob, toBlob } from '../../shared/contract/claim-check.ts';
import { systemClock } from '../../shared/contract/clock.ts';
import type { Store } from '../../shared/contract/store.ts';
import { createPorts } from '../../shared/gcp/index.ts';
import { Blobs } from '../../shared/kernel/blobs.ts';
import { MemoryStore } from '../../shared/testing/memory-store.ts';
import { emulatorFolder, startEmulator } from '../support/google-emulators.ts';
import { demoDeployment } from './deployment.ts';

interface World {
  readonly store: Store;
  close(): Promise<void>;
}

blobConformance('in memory', async () => ({ store: new MemoryStore(), close: async () => {} }));
blobConformance('in Firestore, through the local server', () => overFirestore(startFirestore()));
if (emulatorFolder('firestore')) {
  blobConformance("in Firestore, through Google's emulator", () => overFirestore(startEmulator('firestore')));
} else {
  describe.skip("in Firestore, through Google's emulator (it, or a Java, is not on this machine)", () =>
    test('-'));
}

/** Payloads of the largest kind, in a store with its own limits of documents and requests. */
function blobConformance(name: string, start: () => Promise<World>): void {
  describe(`payloads kept ${name}`, () => {
    let world: World;
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

async function overFirestore(starting: Promise<{ address: string; close(): Promise<void> }>): Promise<World> {
  const server = await starting;
  const env = { FIRESTORE_EMULATOR_HOST: server.address, LOG_LEVEL: 'silent' };
  const ports = createPorts(demoDeployment, { env });
  return {
    store: ports.store,
    async close() {
      await ports.close();
      await server.close();
    },
  };
}
