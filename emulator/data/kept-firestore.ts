import type { Type } from 'protobufjs';
import type { Change } from '../firestore/committer.ts';
import type { Database, DatabaseKeeper } from '../firestore/database.ts';
import type { AddedIndexes } from '../firestore/index/catalog.ts';
import { measureDocument } from '../firestore/limits.ts';
import type { FirestoreStore } from '../firestore/store.ts';
import type { WireDocument } from '../firestore/wire/messages.ts';
import { readFields, readMicros, writeDocument } from '../firestore/wire/value.ts';
import { Protocol } from '../wire/protocol.ts';
import { readMessage, writeMessage } from '../wire/rest/proto-json.ts';
import { DataDamaged } from './data-damaged.ts';
import type { Entry } from './journal.ts';
import type { Kept } from './kept.ts';

type Told = (entry: Entry) => void;

/**
 * The documents of a Firestore, in the JSON form of its API (https://cloud.google.com/firestore/docs/reference/rest/v1/Value), with
 * their times, the indexes and TTL fields that callers set, and which databases there are. Versions of the past, open transactions,
 * backups and what else is set of a database are not kept.
 */
export class KeptFirestore implements Kept, DatabaseKeeper {
  readonly kind = 'firestore';
  #store: FirestoreStore | undefined;
  #told: Told | undefined;

  /** The store that it keeps, which was given it as its keeper. */
  keeps(store: FirestoreStore): void {
    this.#store = store;
  }

  onEntry(told: Told | undefined): void {
    this.#told = told;
  }

  committed(database: Database, changes: readonly Change[]): void {
    this.#told?.({
      database: database.name,
      put: changes.flatMap(({ after }) => (after ? [this.#write(writeDocument(database.root, after))] : [])),
      gone: changes.flatMap(({ path, after }) => (after ? [] : [path])),
    });
  }

  expires({ name }: Database, collectionGroup: string, field: string | undefined): void {
    this.#told?.({ database: name, collectionGroup, expires: field ?? null });
  }

  indexed({ name, indexes }: Database): void {
    this.#told?.({ database: name, added: indexes.added });
  }

  opened({ name }: Database): void {
    this.#told?.({ database: name, opened: true });
  }

  dropped({ name }: Database): void {
    this.#told?.({ database: name, dropped: true });
  }

  *entries(): Iterable<Entry> {
    for (const database of this.#store?.databases() ?? []) {
      const { name, root, indexes } = database;
      yield { database: name, opened: true };
      const { added } = indexes;
      if (added.indexes.length + added.fieldOverrides.length > 0) yield { database: name, added };
      for (const [collectionGroup, expires] of database.ttlFields()) {
        yield { database: name, collectionGroup, expires };
      }
      for (const document of database.documents()) {
        yield { database: name, put: [this.#write(writeDocument(root, document))], gone: [] };
      }
    }
  }

  replay(entry: Entry): void {
    const database = typeof entry.database === 'string' && this.#store?.named(entry.database);
    if (!database) throw new DataDamaged('an entry names no database');
    if (entry.opened === true) return;
    if (entry.dropped === true) {
      this.#store?.drop(database.name);
      return;
    }
    if (entry.added !== undefined) {
      database.indexes.takeAdded(addedOf(entry.added));
      return;
    }
    if (typeof entry.collectionGroup === 'string') {
      database.setTtl(entry.collectionGroup, (entry.expires as string | null) ?? undefined);
      return;
    }
    if (!Array.isArray(entry.put) || !Array.isArray(entry.gone)) {
      throw new DataDamaged('an entry holds no documents');
    }
    for (const json of entry.put) this.#restore(database, readMessage(documentType(), json) as WireDocument);
    for (const path of entry.gone) database.restore(path, undefined);
  }

  #restore(database: Database, { name = '', fields, createTime = {}, updateTime = {} }: WireDocument): void {
    const path = name.slice(database.root.length + 1);
    const read = readFields(fields);
    database.restore(path, {
      path,
      fields: read,
      createTime: readMicros(createTime),
      updateTime: readMicros(updateTime),
      size: measureDocument(name, path, read),
    });
  }

  #write(document: WireDocument): unknown {
    return writeMessage(documentType(), document);
  }
}

function addedOf(value: unknown): AddedIndexes {
  const { indexes, fieldOverrides } = { ...(value as Partial<AddedIndexes> | null) };
  if (Array.isArray(indexes) && Array.isArray(fieldOverrides)) return { indexes, fieldOverrides };
  throw new DataDamaged('an entry holds no indexes');
}

let type: Type | undefined;

/** Read from the protocol when it is first needed, which takes a while. */
function documentType(): Type {
  type ??= new Protocol('@google-cloud/firestore-api/build/protos/protos.json').root.lookupType(
    'google.firestore.v1.Document',
  );
  return type;
}
