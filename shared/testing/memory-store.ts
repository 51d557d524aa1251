import { MeshError } from '../contract/errors.ts';
import type { FieldValue, Query, Store, StoredDocument, Write } from '../contract/store.ts';

/** The Store port in memory: the contract of `shared/contract/store.ts` and no more. */
export class MemoryStore implements Store {
  readonly documents = new Map<string, StoredDocument>();
  #writes = 0;

  async read(paths: readonly string[]): Promise<(StoredDocument | undefined)[]> {
    return paths.map((path) => this.documents.get(path));
  }

  async commit(writes: readonly Write[]): Promise<readonly string[]> {
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

  async query({ collection, where = [], orderBy, startAfter, limit }: Query): Promise<StoredDocument[]> {
    const depth = collection.split('/').length + 1;
    const found = [...this.documents.values()].filter(
      ({ path, fields }) =>
        path.startsWith(`${collection}/`) &&
        path.split('/').length === depth &&
        where.every(({ field, op, value }) => holds(fields[field], op, value)),
    );
    if (!orderBy) return found.slice(0, limit);
    const { field, descending } = orderBy;
    const place = ({ fields, path }: StoredDocument) => ({ value: fields[field] ?? null, path });
    const compare = (a: ReturnType<typeof place>, b: ReturnType<typeof place>) =>
      (compareValues(a.value, b.value) || compareValues(a.path, b.path)) * (descending ? -1 : 1);
    return found
      .filter((document) => document.fields[field] !== undefined)
      .filter((document) => !startAfter || compare(place(document), startAfter) > 0)
      .sort((a, b) => compare(place(a), place(b)))
      .slice(0, limit);
  }
}

type Condition = NonNullable<Query['where']>[number];

/** A range holds only values of the type of its bound. */
function holds(value: FieldValue | undefined, op: Condition['op'], bound: FieldValue): boolean {
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
