import { StatusError } from '../../wire/status.ts';
import type { Database } from '../database.ts';
import type { Document } from '../document.ts';
import type { FirestoreStore } from '../store.ts';
import type { WireTimestamp } from '../wire/messages.ts';
import { readMicros } from '../wire/value.ts';
import { type Backups, isIn, writeBackup } from './backups.ts';
import type { DatabaseRecords } from './database-methods.ts';
import { existing, projectOf } from './names.ts';
import type { Operations } from './operations.ts';

interface Named {
  readonly name?: string;
}

interface ExportRequest extends Named {
  readonly collectionIds?: readonly string[];
  readonly outputUriPrefix?: string;
  readonly inputUriPrefix?: string;
}

interface NewDatabaseRequest {
  readonly parent?: string;
  readonly databaseId?: string;
  readonly backup?: string;
  readonly pitrSnapshot?: { readonly database?: string; readonly snapshotTime?: WireTimestamp };
}

const DATABASE = 'google.firestore.admin.v1.Database';
const EMPTY = 'google.protobuf.Empty';

/** The admin calls that copy, bring back and delete many documents. */
export function backupMethods(
  store: FirestoreStore,
  records: DatabaseRecords,
  backups: Backups,
  operations: Operations,
) {
  const fill = ({ parent = '', databaseId = '' }: NewDatabaseRequest, documents: readonly Document[]) => {
    const message = records.create(parent, databaseId);
    const database = store.named(`projects/${projectOf(parent)}/databases/${databaseId}`);
    database.fill(documents);
    return { database, message };
  };
  return {
    GetBackup: ({ name = '' }: Named) => writeBackup(backups.get(name)),

    ListBackups: ({ parent = '' }: { readonly parent?: string }) => ({
      backups: backups.list(parent).map(writeBackup),
      unreachable: [],
    }),

    DeleteBackup({ name = '' }: Named) {
      backups.remove(name);
      return {};
    },

    RestoreDatabase(request: NewDatabaseRequest) {
      const { backup = '' } = request;
      const { database, message } = fill(request, backups.get(backup).documents);
      return operations.done(
        database.name,
        ['google.firestore.admin.v1.RestoreDatabaseMetadata', { database: database.name, backup }],
        [DATABASE, message],
      );
    },

    async CloneDatabase(request: NewDatabaseRequest) {
      const { database: source = '', snapshotTime = {} } = request.pitrSnapshot ?? {};
      const original = existing(store, source);
      const everything = { scope: { parent: '', allDescendants: true } };
      const { documents } = await original.query(everything, { readTime: readMicros(snapshotTime) });
      const { database, message } = fill(request, documents);
      return operations.done(
        database.name,
        ['google.firestore.admin.v1.CloneDatabaseMetadata', { database: database.name }],
        [DATABASE, message],
      );
    },

    /** To a place in memory, that `ImportDocuments` of this emulator finds. */
    ExportDocuments({ name = '', collectionIds = [], outputUriPrefix = '' }: ExportRequest) {
      const database = existing(store, name);
      const uri = bucketUri('output_uri_prefix', outputUriPrefix);
      backups.export(database, uri, collectionIds);
      return operations.done(
        name,
        ['google.firestore.admin.v1.ExportDocumentsMetadata', { collectionIds, outputUriPrefix: uri }],
        ['google.firestore.admin.v1.ExportDocumentsResponse', { outputUriPrefix: uri }],
      );
    },

    async ImportDocuments({ name = '', collectionIds = [], inputUriPrefix = '' }: ExportRequest) {
      const database = existing(store, name);
      const uri = bucketUri('input_uri_prefix', inputUriPrefix);
      const documents = backups.exported(uri).documents.filter((each) => isIn(each, collectionIds));
      await commitInParts(
        database,
        documents.map(({ path, fields }) => ({ op: 'set', path, fields })),
      );
      return operations.done(
        name,
        ['google.firestore.admin.v1.ImportDocumentsMetadata', { collectionIds, inputUriPrefix: uri }],
        [EMPTY, {}],
      );
    },

    async BulkDeleteDocuments({ name = '', collectionIds = [] }: ExportRequest) {
      const database = existing(store, name);
      const gone = [...database.documents()].filter((each) => isIn(each, collectionIds));
      await commitInParts(
        database,
        gone.map(({ path }) => ({ op: 'delete', path })),
      );
      return operations.done(
        name,
        ['google.firestore.admin.v1.BulkDeleteDocumentsMetadata', { collectionIds }],
        ['google.firestore.admin.v1.BulkDeleteDocumentsResponse', {}],
      );
    },
  };
}

const PART = 500;

/** As production does these: not all at once, and heard by listeners. */
async function commitInParts(database: Database, writes: Parameters<Database['commit']>[0]): Promise<void> {
  for (let from = 0; from < writes.length; from += PART)
    await database.commit(writes.slice(from, from + PART));
}

function bucketUri(field: string, uri: string): string {
  if (!/^gs:\/\/[^/]+/.test(uri))
    throw new StatusError(
      'INVALID_ARGUMENT',
      `${field} "${uri}" must be of the form "gs://{bucket}[/{path}]".`,
    );
  return uri.replace(/\/$/, '');
}
