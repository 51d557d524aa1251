import { createPorts } from '../../shared/gcp/index.ts';
import { demoDeployment } from './deployment.ts';

/** The Store port over Firestore, on a server that is starting. */
export async function overFirestore(starting: Promise<{ address: string; close(): Promise<void> }>) {
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
