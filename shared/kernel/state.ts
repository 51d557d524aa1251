import type { Contract, StateSpec } from '../contract/agent.ts';
import { milliseconds } from '../contract/duration.ts';
import { MeshError } from '../contract/errors.ts';
import { encodeKey, statePath } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import type { Fields, FieldValue, StoredDocument, Write } from '../contract/store.ts';
import type { StateAccess } from './handler.ts';

const EXPIRY = 'expireAt';

/** Where the contract keeps the state document of `key`. */
export function stateDocumentPath(contract: Contract, key: string): string {
  const collection = contract.state?.collection;
  return collection === undefined ? statePath(contract.name, key) : `${collection}/${encodeKey(key)}`;
}

/** The state documents of one handling: what was read, what the handler left, and the writes between the two. */
export class StateDocuments implements StateAccess<unknown> {
  readonly #spec: StateSpec | undefined;
  readonly #read = new Map<string, StoredDocument | undefined>();
  readonly #left = new Map<string, object | undefined>();

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
    const { [EXPIRY]: _expiry, ...fields } = document.fields;
    return parseAs(spec.schema, fields, 'StateInvalid', `the state document ${document.path}`);
  }

  set(key: string, value: unknown): void {
    const spec = this.#declared(key);
    const parsed = parseAs(
      spec.schema,
      value,
      'StateInvalid',
      `the state that the handler sets for ${JSON.stringify(key)}`,
    );
    this.#left.set(key, parsed as object);
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
      const fields: Fields = { ...toFields(value), ...expiry };
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

function toFields(value: object): Fields {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name, toFieldValue(field, name, false)]),
  );
}

function toFieldValue(value: unknown, field: string, inArray: boolean): FieldValue {
  if (Array.isArray(value)) {
    if (inArray)
      throw new MeshError('StateInvalid', `${field}: Firestore keeps no array directly in an array`, {
        field,
      });
    return value.map((item, at) => toFieldValue(item ?? null, `${field}.${at}`, true));
  }
  if (value instanceof Date || value instanceof Uint8Array) return value;
  if (typeof value === 'object' && value !== null) return toFields(value);
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  throw new MeshError('StateInvalid', `${field}: a ${typeof value} can't be kept in Firestore`, { field });
}
