import type { Contract, StateSpec } from '../contract/agent.ts';
import { measureFields } from '../contract/document-rules.ts';
import { milliseconds } from '../contract/duration.ts';
import { MeshError } from '../contract/errors.ts';
import { DEEPEST_DATA } from '../contract/json.ts';
import { encodeKey, statePath } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import type { Fields, StoredDocument, Write } from '../contract/store.ts';
import type { StateAccess } from './handler.ts';
import { erasedDocument } from './sealing/sealed-store.ts';

const EXPIRY = 'expireAt';
/** Of a document, beside its path and the fields that the handler sets: 16 and 1 of its name, 32 of its own, and those of `expireAt`. */
const HIDDEN_BYTES = 16 + 1 + 32 + 17;

/** Where the contract keeps the state document of `key`. */
export function stateDocumentPath(contract: Contract, key: string): string {
  const collection = contract.state?.collection;
  return collection === undefined ? statePath(contract.name, key) : `${collection}/${encodeKey(key)}`;
}

/** The state documents of one handling: what was read, what the handler left, and the writes between the two. */
export class StateDocuments implements StateAccess<unknown> {
  readonly #spec: StateSpec | undefined;
  readonly #read = new Map<string, StoredDocument | undefined>();
  readonly #left = new Map<string, Fields | undefined>();

  constructor(
    contract: Contract,
    keys: readonly string[],
    documents: readonly (StoredDocument | undefined)[],
  ) {
    this.#spec = contract.state;
    for (const [at, key] of keys.entries()) this.#read.set(key, documents[at]);
    this.#path = (key) => stateDocumentPath(contract, key);
  }

  readonly #path: (key: string) => string;

  get(key: string): unknown {
    const spec = this.#declared(key);
    if (this.#left.has(key)) return structuredClone(this.#left.get(key));
    const document = this.#read.get(key);
    if (!document) return undefined;
    if (document.erased) throw erasedDocument(document);
    const { [EXPIRY]: _expiry, ...fields } = document.fields;
    return parseAs(spec.schema, fields, 'StateInvalid', `the state document ${document.path}`);
  }

  set(key: string, value: unknown): void {
    const spec = this.#declared(key);
    const what = `the state that the handler sets for ${JSON.stringify(key)}`;
    checkKeys(value, what);
    const fields = parseAs(spec.schema, value, 'StateInvalid', what) as Fields;
    // Now, while the handler can still do something about it, and not when it is committed.
    measureFields(fields, Buffer.byteLength(this.#path(key)) + HIDDEN_BYTES);
    this.#left.set(key, structuredClone(fields));
  }

  delete(key: string): void {
    this.#declared(key);
    this.#left.set(key, undefined);
  }

  /** The writes that turn what was read into what was left, each under the version that was read (I1). */
  writes(now: number): Write[] {
    const keep = this.#spec?.keep;
    const expiry = keep === undefined ? {} : { [EXPIRY]: new Date(now + milliseconds(keep)) };
    const writes: Write[] = [];
    for (const [key, value] of this.#left) {
      const path = this.#path(key);
      const before = this.#read.get(key);
      if (value === undefined) {
        if (before) writes.push({ kind: 'delete', path, ifVersion: before.version });
        continue;
      }
      const fields: Fields = { ...value, ...expiry };
      writes.push(
        before ? { kind: 'put', path, fields, ifVersion: before.version } : { kind: 'create', path, fields },
      );
    }
    return writes;
  }

  #declared(key: string): StateSpec {
    if (!this.#spec) {
      throw new MeshError('StateKeyUndeclared', 'the handler uses state, but its contract declares none', {
        field: 'state',
      });
    }
    if (!this.#read.has(key)) {
      throw new MeshError(
        'StateKeyUndeclared',
        `the handler uses the state of ${JSON.stringify(key)}, which keys() did not return`,
        { field: key },
      );
    }
    return this.#spec;
  }
}

/** A schema may leave out this one key in silence, wherever it stands. */
function checkKeys(value: unknown, what: string, path: readonly string[] = []): void {
  if (typeof value !== 'object' || value === null || path.length > DEEPEST_DATA) return;
  for (const [key, part] of Object.entries(value)) {
    if (key === '__proto__') {
      const field = [...path, key].join('.');
      throw new MeshError('StateInvalid', `${what}: ${field}: the key can't be kept`, { field });
    }
    if (typeof part === 'object' && part !== null) checkKeys(part, what, [...path, key]);
  }
}
