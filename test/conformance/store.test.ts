import { describe, test } from 'vitest';
import { startFirestore } from '../../emulator/firestore/server.ts';
import { createPorts } from '../../shared/gcp/index.ts';
import { MemoryStore } from '../../shared/testing/memory-store.ts';
import { emulatorFolder, startEmulator } from '../support/google-emulators.ts';
import { demoDeployment } from './deployment.ts';
import { storeConformance } from './store-suite.ts';

storeConformance('the store in memory', async () => ({ store: new MemoryStore(), close: async () => {} }));

storeConformance('Firestore through the local server', () => overFirestore(startFirestore()));

if (emulatorFolder('firestore')) {
  storeConformance("Firestore through Google's emulator", () => overFirestore(startEmulator('firestore')));
} else {
  describe.skip("Firestore through Google's emulator (it, or a Java, is not on this machine)", () =>
    test('-'));
}

async function overFirestore(starting: Promise<{ address: string; close(): Promise<void> }>) {
  const server = await starting;
  const ports = createPorts(demoDeployment, {
    env: { FIRESTORE_EMULATOR_HOST: server.address, LOG_LEVEL: 'silent' },
  });
  return {
    store: ports.store,
    async close() {
      await ports.close();
      await server.close();
    },
  };
}
