import { randomBytes } from 'node:crypto';
import { StatusError } from '../../wire/status.ts';
import type { Database } from '../database.ts';
import type { Document } from '../document.ts';
import { checkCollectionId, join } from '../path.ts';
import type { FirestoreStore } from '../store.ts';
import { listInOrder } from './list-in-order.ts';
import type { WireMask, WireWrite } from './messages.ts';
import { begun, type Caller, databaseOf, placeOf } from './names.ts';
import {
  type BatchGetDocumentsRequest,
  type CreateDocumentRequest,
  type DeleteDocumentRequest,
  type GetDocumentRequest,
  type ListCollectionIdsRequest,
  type ListDocumentsRequest,
  readConsistency,
  type UpdateDocumentRequest,
} from './requests.ts';
import { readMask, readMicros, writeDocument, writeTime } from './value.ts';
import { pathIn, readWrite } from './write.ts';

/** The methods that read and change documents one by one, and list them. */
export function documentMethods(store: FirestoreStore) {
  return {
    async GetDocument(request: GetDocumentRequest, { signal }: Caller) {
      const { database, path } = placeOf(store, request.name);
      const { documents } = await database.get([path], readConsistency(request, signal));
      const [document] = documents;
      if (!document) throw new StatusError('NOT_FOUND', `Document "${request.name}" not found.`);
      return writeDocument(database.root, document, readMask(request.mask));
    },

    async ListDocuments(request: ListDocumentsRequest, { signal }: Caller) {
      const { parent, collectionId = '', pageSize, pageToken, orderBy, showMissing } = request;
      checkCollectionId(collectionId);
      const { database, path } = placeOf(store, parent);
      const mask = readMask(request.mask);
      if (orderBy) {
        if (showMissing)
          throw new StatusError('INVALID_ARGUMENT', 'show_missing cannot be used with order_by.');
        const page = await listInOrder(database, path, request, signal);
        const documents = page.documents.map((document) => writeDocument(database.root, document, mask));
        return { documents, nextPageToken: page.nextPageToken };
      }
      const listed = { parent: path, collectionId, pageSize, pageToken, showMissing };
      const { entries, nextPageToken } = await database.list(listed, readConsistency(request, signal));
      const documents = entries.map(({ path: each, document }) =>
        document ? writeDocument(database.root, document, mask) : { name: `${database.root}/${each}` },
      );
      return { documents, nextPageToken };
    },

    async CreateDocument(request: CreateDocumentRequest, { signal }: Caller) {
      const { database, path: parent } = placeOf(store, request.parent);
      const path = join(join(parent, request.collectionId ?? ''), request.documentId || newId());
      const update = { name: `${database.root}/${path}`, fields: request.document?.fields };
      await commitOne(database, { update, currentDocument: { exists: false } }, signal);
      return reread(database, path, request.mask);
    },

    async UpdateDocument(request: UpdateDocumentRequest, { signal }: Caller) {
      const { document = {}, updateMask, currentDocument } = request;
      const { database, path } = placeOf(store, document.name);
      await commitOne(database, { update: document, updateMask, currentDocument }, signal);
      return reread(database, path, request.mask);
    },

    async DeleteDocument({ name = '', currentDocument }: DeleteDocumentRequest, { signal }: Caller) {
      await commitOne(placeOf(store, name).database, { delete: name, currentDocument }, signal);
      return {};
    },

    async BatchGetDocuments(request: BatchGetDocumentsRequest, { signal }: Caller) {
      const database = databaseOf(store, request.database);
      const names = [...new Set(request.documents)];
      const mask = readMask(request.mask);
      const paths = names.map((name) => pathIn(database.name, name));
      const result = await database.get(paths, readConsistency(request, signal));
      const readTime = writeTime(result.readTime);
      return [
        ...begun(result.transaction),
        ...result.documents.map((document, index) =>
          document
            ? { found: writeDocument(database.root, document, mask), readTime }
            : { missing: names[index], readTime },
        ),
      ];
    },

    ListCollectionIds({ parent, pageSize, pageToken, readTime }: ListCollectionIdsRequest) {
      const { database, path } = placeOf(store, parent);
      const time = readTime && readMicros(readTime);
      const { ids, nextPageToken } = database.collectionIds(path, { pageSize, pageToken, readTime: time });
      return { collectionIds: ids, nextPageToken };
    },
  };
}

async function commitOne(database: Database, wire: WireWrite, signal: AbortSignal): Promise<void> {
  await database.commit([readWrite(wire, database.name)], { signal });
}

async function reread(database: Database, path: string, mask: WireMask | undefined): Promise<object> {
  const { documents } = await database.get([path]);
  return writeDocument(database.root, documents[0] as Document, readMask(mask));
}

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Twenty letters and digits, as the clients make them. */
function newId(): string {
  return Array.from(randomBytes(20), (byte) => ID_ALPHABET[byte % ID_ALPHABET.length]).join('');
}
