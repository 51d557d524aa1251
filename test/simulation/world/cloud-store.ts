import { Database } from '../../../emulator/firestore/database.ts';
import type { Document } from '../../../emulator/firestore/document.ts';
import { parseFieldPath } from '../../../emulator/firestore/field-path.ts';
import type { Filter } from '../../../emulator/firestore/filter.ts';
import { valueFrom } from '../../../emulator/firestore/plain.ts';
import { readFields, writeDocument } from '../../../emulator/firestore/wire/value.ts';
import type { Write as CoreWrite } from '../../../emulator/firestore/write.ts';
import { toAnsweredStatus } from '../../../emulator/wire/status.ts';
import type { Clock } from '../../../shared/contract/clock.ts';
import type { Query, Store, StoredDocument, Write } from '../../../shared/contract/store.ts';
import { commitError } from '../../../shared/gcp/store-error.ts';
import { decodeFields, encodeFields, type WireFields } from '../../../shared/gcp/value-codec.ts';
import type { Change } from './observer.ts';

const NAME = 'projects/demo/databases/(default)';

/**
 * The Store port over the core of the local Firestore, without a wire between, but by the codec that production uses: what that refuses,
 * or carries in another way, is so here.
 */
export class CloudStore implements Store {
  /** What is committed, for those who watch from outside. */
  readonly documents = new Map<string, StoredDocument>();
  readonly #database: Database;
  readonly #committed: (changes: readonly Change[]) => void;

  constructor(clock: Clock, committed: (changes: readonly Change[]) => void) {
    this.#database = new Database(NAME, clock);
    this.#committed = committed;
  }

  async read(paths: readonly string[]): Promise<(StoredDocument | undefined)[]> {
    const { documents } = await this.#database.get(paths);
    return documents.map((document) => document && stored(document));
  }

  async commit(writes: readonly Write[]): Promise<readonly string[]> {
    const requests = writes.map(coreWrite);
    try {
      const { results, commitTime } = await this.#database.commit(requests);
      const versions = results.map(({ updateTime }) => String(updateTime ?? commitTime));
      const changes = writes.map((write, at) => this.#apply(write, versions[at] ?? ''));
      this.#committed(changes);
      return versions;
    } catch (error) {
      throw commitError(toAnsweredStatus(error), writes);
    }
  }

  async query({ collection, where = [], orderBy, startAfter, limit }: Query): Promise<StoredDocument[]> {
    const at = collection.lastIndexOf('/');
    const filters = where.map(({ field, op, value }): Filter => {
      const path = parseFieldPath(field);
      return value === null && op === '=='
        ? { op: 'is-null', field: path }
        : { op, field: path, value: valueFrom(value) };
    });
    const { documents } = await this.#database.query({
      scope: { parent: at < 0 ? '' : collection.slice(0, at), collectionId: collection.slice(at + 1) },
      ...(filters.length > 0 && { where: { op: 'and', filters } }),
      ...(orderBy && {
        orderBy: [orderBy.field, '__name__'].map((field) => ({
          field: parseFieldPath(field),
          direction: orderBy.descending ? 'desc' : 'asc',
        })),
      }),
      ...(startAfter && {
        startAt: {
          values: [
            valueFrom(startAfter.value),
            { type: 'reference', value: `${NAME}/documents/${startAfter.path}` },
          ],
          before: false,
        },
      }),
      ...(limit !== undefined && { limit }),
    });
    return documents.map(stored);
  }

  #apply(write: Write, version: string): Change {
    const { path } = write;
    const before = this.documents.get(path);
    const kept = write.kind === 'patch' ? before?.fields : {};
    const after =
      write.kind === 'delete' ? undefined : { path, fields: { ...kept, ...write.fields }, version };
    if (after) this.documents.set(path, after);
    else this.documents.delete(path);
    return { path, before, after };
  }
}

function stored(document: Document): StoredDocument {
  const { fields } = writeDocument(NAME, document) as { readonly fields: WireFields };
  return { path: document.path, fields: decodeFields(fields), version: String(document.updateTime) };
}

function coreWrite(write: Write): CoreWrite {
  const { kind, path } = write;
  const unversioned = {
    create: { exists: false },
    patch: { exists: true },
    put: undefined,
    delete: undefined,
  };
  const version = kind === 'create' ? undefined : write.ifVersion;
  const precondition = version === undefined ? unversioned[kind] : { updateTime: Number(version) };
  if (kind === 'delete') return { op: 'delete', path, precondition };
  const mask = kind === 'patch' ? Object.keys(write.fields).map((name) => [name]) : undefined;
  return {
    op: 'set',
    path,
    fields: readFields(encodeFields(write.fields) as Parameters<typeof readFields>[0]),
    mask,
    precondition,
  };
}
