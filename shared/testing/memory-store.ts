import { checkPath, measureFields } from '../contract/document-rules.ts';
import { MeshError } from '../contract/errors.ts';
import type { Fields, FieldValue, Query, Store, StoredDocument, Write } from '../contract/store.ts';

/** Of a request (https://firebase.google.com/docs/firestore/quotas#limits). */
const MOST_REQUEST_BYTES = 10 * 1_048_576;

/** The Store port in memory. It refuses what Firestore refuses, so that a test does not pass on what a deployed mesh can't keep. */
export class MemoryStore implements Store {
  readonly documents = new Map<string, StoredDocument>();
  #writes = 0;

  async read(paths: readonly string[]): Promise<(StoredDocument | undefined)[]> {
    return paths.map((path) => this.documents.get(path));
  }

  async commit(writes: readonly Write[]): Promise<readonly string[]> {
    const bytes = writes.reduce((sum, write) => sum + this.#sizeOf(write), 0);
    if (bytes > MOST_REQUEST_BYTES)
      throw new MeshError(
        'DocumentTooLarge',
        `the writes take ${bytes} bytes; the limit is ${MOST_REQUEST_BYTES}`,
      );
    for (const write of writes) {
      const stored = this.documents.get(write.path);
      if (write.kind === 'create' && stored) throw new MeshError('AlreadyExists', write.path);
      if (write.kind === 'patch' && !stored) throw new MeshError('Conflict', write.path);
      if (write.kind !== 'create' && write.ifVersion !== undefined && stored?.version !== write.ifVersion) {
        throw new MeshError('Conflict', write.path);
      }
    }
    const version = String(++this.#writes);
    for (const write of writes) {
      const { path } = write;
      if (write.kind === 'delete') {
        this.documents.delete(path);
        continue;
      }
      const kept = write.kind === 'patch' ? this.documents.get(path)?.fields : {};
      this.documents.set(path, { path, fields: { ...kept, ...structuredClone(write.fields) }, version });
    }
    return writes.map(() => version);
  }

  /** The bytes that a write brings. Throws what Firestore would. */
  #sizeOf(write: Write): number {
    const { kind, path } = write;
    checkPath(path);
    if (kind === 'delete') return 0;
    const kept = kind === 'patch' ? this.documents.get(path)?.fields : {};
    // The name of the document counts with the fields, and 32 bytes for the document.
    return measureFields({ ...kept, ...write.fields }, Buffer.byteLength(path) + 17 + 32);
  }

  async query({ collection, where = [], orderBy, startAfter, limit }: Query): Promise<StoredDocument[]> {
    const depth = collection.split('/').length + 1;
    const found = [...this.documents.values()].filter(
      ({ path, fields }) =>
        path.startsWith(`${collection}/`) &&
        path.split('/').length === depth &&
        where.every(({ field, op, value }) => holds(valueAt(fields, field), op, value)),
    );
    if (!orderBy) return found.slice(0, limit);
    const { field, descending } = orderBy;
    const place = ({ fields, path }: StoredDocument) => ({ value: valueAt(fields, field) ?? null, path });
    const compare = (a: ReturnType<typeof place>, b: ReturnType<typeof place>) =>
      (compareValues(a.value, b.value) || compareValues(a.path, b.path)) * (descending ? -1 : 1);
    return found
      .filter((document) => valueAt(document.fields, field) !== undefined)
      .filter((document) => !startAfter || compare(place(document), startAfter) > 0)
      .sort((a, b) => compare(place(a), place(b)))
      .slice(0, limit);
  }
}

type Condition = NonNullable<Query['where']>[number];

/** The value of a field, which may be within maps. */
function valueAt(fields: Fields, field: string): FieldValue | undefined {
  let value: FieldValue | undefined = fields;
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Fields)[name];
  }
  return value;
}

/** A range holds only values of the type of its bound. */
function holds(value: FieldValue | undefined, op: Condition['op'], bound: FieldValue): boolean {
  if (op === 'array-contains') return Array.isArray(value) && value.some((each) => holds(each, '==', bound));
  if (value === undefined || rank(value) !== rank(bound)) return false;
  const order = compareValues(value, bound);
  if (op === '==') return order === 0;
  if (op === '<' || op === '<=') return order < 0 || (order === 0 && op === '<=');
  return order > 0 || (order === 0 && op === '>=');
}

/** https://firebase.google.com/docs/firestore/manage-data/data-types#value_type_ordering, as far as it is needed. */
const rank = (value: FieldValue) =>
  value === null ? 0 : 1 + ['boolean', 'number', 'object', 'string'].indexOf(typeof value);

function compareValues(a: FieldValue, b: FieldValue): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const [left, right] = [a, b].map((value) => (value instanceof Date ? value.getTime() : value));
  if (left === right || left === null || left === undefined || right === null || right === undefined)
    return 0;
  return left < right ? -1 : 1;
}
