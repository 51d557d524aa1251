import type { v1 } from '@google-cloud/firestore';
import type { Clock } from '../contract/clock.ts';
import type { Deployment } from '../contract/deployment.ts';
import type { Query, Store, StoredDocument, Write } from '../contract/store.ts';
import { attempts, callOptions, TRANSIENT, TRANSIENT_IDEMPOTENT } from './attempts.ts';
import { endpoint, type LocalHost } from './endpoint.ts';
import { LazyClient } from './lazy-client.ts';
import { encodeQuery, fieldPath } from './query-codec.ts';
import { commitError, storeError } from './store-error.ts';
import {
  decodeFields,
  decodeVersion,
  encodeFields,
  encodeVersion,
  type WireFields,
  type WireTime,
} from './value-codec.ts';

type FirestoreClient = InstanceType<typeof v1.FirestoreClient>;

interface WireDocument {
  readonly name?: string | null;
  readonly fields?: WireFields | null;
  readonly updateTime?: WireTime | null;
}

/**
 * The Store over Firestore, by the generated client: the hand-written one can't replace a whole document on the condition that it is
 * still the version that was read (its `set` takes no precondition, its `update` keeps the fields that it is not given), and retries a
 * commit for ten minutes.
 *
 * A retried commit and its conditions. An answer can get lost: the service commits, the client sees UNAVAILABLE and, like Google's own,
 * sends the same commit again, whose conditions then fail by its own doing. So `AlreadyExists` and `Conflict` say that the documents are
 * not as expected, and not that somebody else made them so. Whoever gets one reads again and looks for its own mark: the inbox record in
 * state `done` is the mark of a handled message (its outbox is published again, I2). A claim needs one too, or its maker takes its own
 * claim for another's and waits for the lease to end: slower, not wrong.
 */
export class FirestoreStore implements Store {
  readonly #database: string;
  readonly #root: string;
  readonly #client: LazyClient<FirestoreClient>;
  readonly #clock: Clock;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ project, database }: Deployment, local: LocalHost, clock: Clock) {
    this.#database = `projects/${project}/databases/${database}`;
    this.#root = `${this.#database}/documents`;
    this.#clock = clock;
    this.#headers = {
      'google-cloud-resource-prefix': this.#database,
      // Google's emulator lets this one past its security rules.
      ...(local.host && { authorization: 'Bearer owner' }),
    };
    this.#client = new LazyClient(async () => {
      // By the default export: Node finds no `v1` among the named ones of this CommonJS module, which defines it by a getter.
      const { default: firestore } = await import('@google-cloud/firestore');
      return new firestore.v1.FirestoreClient(await endpoint(project, local));
    });
  }

  async read(paths: readonly string[]): Promise<(StoredDocument | undefined)[]> {
    if (paths.length === 0) return [];
    const documents = paths.map((path) => `${this.#root}/${path}`);
    try {
      return await attempts(this.#clock, TRANSIENT_IDEMPOTENT, async () => {
        const client = await this.#client.get();
        const found = new Map<string, StoredDocument>();
        const answers: AsyncIterable<{ found?: WireDocument | null }> = client.batchGetDocuments(
          { database: this.#database, documents },
          callOptions(this.#headers),
        );
        for await (const answer of answers) {
          const document = answer.found && this.#toDocument(answer.found);
          if (document) found.set(document.path, document);
        }
        return paths.map((path) => found.get(path));
      });
    } catch (error) {
      throw storeError(`${paths.length} document${paths.length === 1 ? '' : 's'} could not be read`, error);
    }
  }

  async commit(writes: readonly Write[]): Promise<readonly string[]> {
    if (writes.length === 0) return [];
    const request = { database: this.#database, writes: writes.map((write) => this.#toWrite(write)) };
    try {
      const response = await attempts(this.#clock, TRANSIENT, async () => {
        const client = await this.#client.get();
        return (await client.commit(request, callOptions(this.#headers)))[0];
      });
      // A delete has no update time of its own.
      return writes.map((_, at) =>
        encodeVersion(response.writeResults?.[at]?.updateTime ?? response.commitTime ?? {}),
      );
    } catch (error) {
      throw commitError(error, writes);
    }
  }

  async query(query: Query): Promise<StoredDocument[]> {
    try {
      return await attempts(this.#clock, TRANSIENT_IDEMPOTENT, async () => {
        const client = await this.#client.get();
        const documents: StoredDocument[] = [];
        const answers: AsyncIterable<{ document?: WireDocument | null }> = client.runQuery(
          encodeQuery(query, this.#root),
          callOptions(this.#headers),
        );
        for await (const answer of answers) {
          const document = answer.document && this.#toDocument(answer.document);
          if (document) documents.push(document);
        }
        return documents;
      });
    } catch (error) {
      throw storeError(`${query.collection} could not be queried`, error);
    }
  }

  /**
   * A token of the account that this process runs as, for services that have no client here.
   *
   * @throws Error where the process has no credentials
   */
  async accessToken(): Promise<string> {
    const { auth } = await this.#client.get();
    const token = await auth.getAccessToken();
    if (!token) throw new Error('there are no credentials');
    return token;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #toWrite(write: Write) {
    const name = `${this.#root}/${write.path}`;
    if (write.kind === 'create') {
      return { update: { name, fields: encodeFields(write.fields) }, currentDocument: { exists: false } };
    }
    const condition = write.ifVersion !== undefined && {
      // What is no version of this store's can't be the version stored.
      currentDocument: { updateTime: decodeVersion(write.ifVersion) ?? { seconds: '1', nanos: 0 } },
    };
    if (write.kind === 'patch') {
      const updateMask = { fieldPaths: Object.keys(write.fields).map(fieldPath) };
      const update = { name, fields: encodeFields(write.fields) };
      return { update, updateMask, currentDocument: { exists: true }, ...condition };
    }
    return write.kind === 'put'
      ? { update: { name, fields: encodeFields(write.fields) }, ...condition }
      : { delete: name, ...condition };
  }

  #toDocument({ name, fields, updateTime }: WireDocument): StoredDocument {
    return {
      path: (name ?? '').slice(this.#root.length + 1),
      fields: decodeFields(fields),
      version: encodeVersion(updateTime ?? {}),
    };
  }
}
