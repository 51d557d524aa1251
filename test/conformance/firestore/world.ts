import { type DocumentData, Firestore, type QuerySnapshot, v1 } from '@google-cloud/firestore';
import { credentials } from '@grpc/grpc-js';
import { FirestoreWire } from '../../support/firestore-wire.ts';

let projects = 0;

/** A Firestore under test, through Google's client and over HTTP. Each row has a project, and so a database, of its own. */
export class FirestoreWorld {
  readonly address: string;
  readonly projectId = `demo-rows-${++projects}`;
  readonly firestore: Firestore;
  readonly wire: FirestoreWire;
  readonly #closing: (() => unknown)[] = [];

  constructor(address: string) {
    this.address = address;
    this.firestore = this.#client('(default)');
    this.wire = new FirestoreWire(address);
    this.#closing.push(() => this.wire.close());
  }

  get database(): string {
    return `projects/${this.projectId}/databases/(default)`;
  }

  get root(): string {
    return `${this.database}/documents`;
  }

  /** A client of another database of the project. */
  other(databaseId: string): Firestore {
    return this.#client(databaseId);
  }

  admin(): InstanceType<typeof v1.FirestoreAdminClient> {
    const [servicePath = '', port] = this.address.split(':');
    const sslCreds = credentials.createInsecure();
    const admin = new v1.FirestoreAdminClient({
      projectId: this.projectId,
      servicePath,
      port: Number(port),
      sslCreds,
      universeDomain: 'googleapis.com',
    });
    this.#closing.push(() => admin.close());
    return admin;
  }

  /** Writes documents, by their paths. */
  async write(documents: Readonly<Record<string, DocumentData>>): Promise<void> {
    const batch = this.firestore.batch();
    for (const [path, data] of Object.entries(documents)) batch.set(this.firestore.doc(path), data);
    await batch.commit();
  }

  async rest(verb: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`http://${this.address}/v1/${path}`, {
      method: verb,
      headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.map((close) => close()));
  }

  #client(databaseId: string): Firestore {
    const [host, port] = this.address.split(':');
    const client = new Firestore({
      projectId: this.projectId,
      databaseId,
      host: `${host}:${port}`,
      ssl: false,
      customHeaders: { Authorization: 'Bearer owner' },
    });
    this.#closing.push(() => client.terminate());
    return client;
  }
}

/** The ids of what a query found. */
export function idsOf({ docs }: QuerySnapshot): string[] {
  return docs.map(({ id }) => id);
}
