import { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type FirestoreServer, startFirestore } from '../../../emulator/firestore/server.ts';

interface Subject {
  readonly server: FirestoreServer;
  /** A client of a project that no test has used before. */
  readonly firestore: Firestore;
}

let projects = 0;

/** A client as programs make it; it finds the server by `FIRESTORE_EMULATOR_HOST`. */
export function newClient(settings: { projectId?: string; databaseId?: string } = {}): Firestore {
  return new Firestore({ projectId: `demo-${++projects}`, ...settings });
}

/** Runs the tests of a file against one server, each with a client, and so a project, of its own. */
export function startSubject(): Subject {
  let server: FirestoreServer | undefined;
  let firestore: Firestore | undefined;

  beforeAll(async () => {
    server = await startFirestore();
    process.env.FIRESTORE_EMULATOR_HOST = server.address;
  });

  beforeEach(() => {
    const client = newClient();
    firestore = client;
    return () => client.terminate();
  });

  afterAll(async () => {
    delete process.env.FIRESTORE_EMULATOR_HOST;
    await server?.close();
  });

  return {
    get server() {
      if (!server) throw new Error('the server has not started');
      return server;
    },
    get firestore() {
      if (!firestore) throw new Error('there is no client outside of a test');
      return firestore;
    },
  };
}
