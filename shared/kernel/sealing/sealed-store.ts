import type { Contract } from '../../contract/agent.ts';
import { isTenant, type PayloadCodec } from '../../contract/encryption.ts';
import { hasCode, MeshError } from '../../contract/errors.ts';
import type { Fields, FieldValue, Query, Store, StoredDocument, Write } from '../../contract/store.ts';
import { currentTenant } from '../../contract/tenant-scope.ts';
import { isSealed } from './envelope-codec.ts';
import { fieldBytes, fieldOf } from './field-bytes.ts';

/** How the documents of one kind are kept: which fields are encrypted, and what stands for each where the key was dropped. */
interface Kind {
  readonly holds: RegExp;
  readonly hidden: Readonly<Record<string, FieldValue | undefined>>;
}

const KINDS: readonly Kind[] = [
  {
    holds: /^agents\/[^/]+\/inbox\/[^/]+$/,
    hidden: { outbox: '[]', reply: undefined, inputDigest: undefined, progress: undefined },
  },
  {
    holds: /^workflows\/[^/]+$/,
    hidden: {
      history: '[]',
      kept: '[]',
      inputDigest: '',
      output: undefined,
      customStatus: undefined,
      queries: undefined,
      drain: null,
    },
  },
  { holds: /^workflows\/[^/]+\/history\/[^/]+$/, hidden: { entries: undefined } },
  {
    holds: /^workflows\/[^/]+\/answers\/[^/]+$/,
    hidden: { reply: undefined, inputDigest: undefined },
  },
  { holds: /^workflows\/[^/]+\/mailbox\/[^/]+$/, hidden: { data: 'null' } },
  { holds: /\/outbox\/\d+$/, hidden: { data: undefined } },
  { holds: /^blobs\/[^/]+(\/parts\/[^/]+)?$/, hidden: { data: undefined, packing: undefined } },
];

/** The field of a document that is encrypted as a whole. */
const WHOLE = 'sealed';
const EXPIRY = 'expireAt';
/** `blobs/<sha256>@<tenant>`, and a part of it. */
const BLOB = /^blobs\/([0-9a-f]{64})@([^/]+)(?:\/parts\/(.+)-(\d+))?$/;

export interface SealedStoreOptions {
  readonly store: Store;
  readonly codec: PayloadCodec;
  /** Whose state documents are encrypted as a whole. Left out: none are. */
  readonly contract?: Contract;
  /** Gives documents without their payloads where keys can't be asked for, instead of failing. */
  readonly closedWithoutKeys?: boolean;
}

/**
 * A store whose documents hold payloads encrypted, under the key of the tenant that is being handled. Fields by which documents are found,
 * ordered and deleted stay as they are.
 *
 * - What is read is opened whoever wrote it; a document whose key was dropped is there, without its payloads and marked as erased.
 * - A query for runs opens nothing: it asks what stands in the clear, for runs of any tenant.
 */
export class SealedStore implements Store {
  readonly #store: Store;
  readonly #codec: PayloadCodec;
  readonly #state: string | undefined;
  readonly #closedWithoutKeys: boolean;

  constructor({ store, codec, contract, closedWithoutKeys = false }: SealedStoreOptions) {
    this.#closedWithoutKeys = closedWithoutKeys;
    this.#store = store;
    this.#codec = codec;
    if (contract?.state && !contract.recordsDeadLetters)
      this.#state = contract.state.collection ?? `agents/${contract.name}/state`;
  }

  async read(paths: readonly string[]): Promise<(StoredDocument | undefined)[]> {
    const places = await Promise.all(paths.map((path) => this.#place(path)));
    const known = places.flatMap((place) => place ?? []);
    const found = await this.#store.read(known);
    const documents = new Map(known.map((place, at) => [place, found[at]]));
    return Promise.all(
      paths.map(async (path, at) => {
        const place = places[at];
        const document = place === undefined ? undefined : documents.get(place);
        return document && this.#open(document, path);
      }),
    );
  }

  async commit(writes: readonly Write[]): Promise<readonly string[]> {
    return this.#store.commit(await Promise.all(writes.map((write) => this.#sealed(write))));
  }

  async query(query: Query): Promise<StoredDocument[]> {
    const found = await this.#store.query(query);
    if (query.collection === 'workflows') return found.map((document) => closed(document, 'closed'));
    return Promise.all(found.map((document) => this.#open(document, document.path)));
  }

  /** Where a document is: the name of a payload says nothing of what it is. Undefined: its key was dropped. */
  async #place(path: string): Promise<string | undefined> {
    const [, sha256, tenant, packing, part] = BLOB.exec(path) ?? [];
    if (sha256 === undefined || tenant === undefined || !isTenant(tenant)) return path;
    try {
      const name = await this.#codec.name(tenant, sha256);
      if (packing === undefined) return `blobs/${name}`;
      return `blobs/${name}/parts/${(await this.#codec.name(tenant, packing)).slice(0, 16)}-${part}`;
    } catch (error) {
      if (hasCode(error, 'PayloadErased')) return undefined;
      throw error;
    }
  }

  async #sealed(write: Write): Promise<Write> {
    const place = await this.#place(write.path);
    const tenant = BLOB.exec(write.path)?.[2] ?? ownTenant(write) ?? currentTenant();
    // Only to be told of it: nothing is written for a tenant whose key was dropped.
    if (place === undefined) await this.#codec.name(tenant ?? '', '');
    const path = place ?? write.path;
    if (write.kind === 'delete' || tenant === undefined) return { ...write, path };
    const fields = await this.#sealedFields(tenant, path, write.fields);
    return { ...write, path, fields };
  }

  async #sealedFields(tenant: string, path: string, fields: Fields): Promise<Fields> {
    if (this.#isState(path)) {
      const { [EXPIRY]: expireAt, ...rest } = fields;
      // What only extends the life of a document holds no payload.
      if (Object.keys(rest).length === 0) return fields;
      const sealed = await this.#codec.seal(tenant, fieldBytes(rest), `${path}#${WHOLE}`);
      return { [WHOLE]: sealed, ...(expireAt !== undefined && { expireAt }) };
    }
    const hidden = kindOf(path)?.hidden ?? {};
    const sealed: Record<string, FieldValue> = { ...fields };
    for (const name of Object.keys(hidden)) {
      const value = fields[name];
      if (value === undefined || value === null) continue;
      sealed[name] = await this.#codec.seal(tenant, fieldBytes(value), `${path}#${name}`);
    }
    return sealed;
  }

  async #open(document: StoredDocument, path: string): Promise<StoredDocument> {
    const { fields } = document;
    const opened: Record<string, FieldValue> = { ...fields };
    try {
      for (const [name, value] of Object.entries(fields)) {
        if (!(value instanceof Uint8Array) || !isSealed(value)) continue;
        const plain = fieldOf(await this.#codec.open(value, `${document.path}#${name}`));
        if (name !== WHOLE) {
          opened[name] = plain;
          continue;
        }
        delete opened[WHOLE];
        Object.assign(opened, plain as Fields);
      }
      return { ...document, path, fields: opened };
    } catch (error) {
      if (hasCode(error, 'PayloadErased')) return { ...closed(document, 'erased'), path, erased: true };
      if (this.#closedWithoutKeys && hasCode(error, 'KeysUnavailable'))
        return { ...closed(document, 'closed'), path };
      throw error;
    }
  }

  #isState(path: string): boolean {
    if (this.#state === undefined || !path.startsWith(`${this.#state}/`)) return false;
    return !path.slice(this.#state.length + 1).includes('/');
  }
}

/** The document without its payloads: what stands for each is put in its place, and a field says why. */
function closed(document: StoredDocument, why: 'closed' | 'erased'): StoredDocument {
  const fields: Record<string, FieldValue> = { ...document.fields };
  const hidden = kindOf(document.path)?.hidden ?? {};
  let any = false;
  for (const [name, value] of Object.entries(document.fields)) {
    if (!(value instanceof Uint8Array) || !isSealed(value)) continue;
    any = true;
    const instead = hidden[name];
    if (instead === undefined) delete fields[name];
    else fields[name] = instead;
  }
  return any ? { ...document, fields: { ...fields, [why]: true } } : document;
}

function kindOf(path: string): Kind | undefined {
  return KINDS.find(({ holds }) => holds.test(path));
}

/** Mails of several tenants may be written together, and a run by who handles no message: each says whose it is. */
function ownTenant(write: Write): string | undefined {
  if (write.kind === 'delete' || !/^workflows\/[^/]+(\/mailbox\/[^/]+)?$/.test(write.path)) return undefined;
  const { tenant } = write.fields;
  return typeof tenant === 'string' ? tenant : undefined;
}

/** Says that a document can't be read any more. */
export function erasedDocument({ path }: StoredDocument): MeshError {
  return new MeshError('PayloadErased', `the key that ${path} was encrypted with was dropped`);
}
