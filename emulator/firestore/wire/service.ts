import { randomBytes } from 'node:crypto';
import type { handleBidiStreamingCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { StatusError, toServiceError } from '../../wire/status.ts';
import type { Database } from '../database.ts';
import type { Document } from '../document.ts';
import { partition } from '../partition.ts';
import { checkCollectionId, join, parseDatabaseName, parseName } from '../path.ts';
import type { FirestoreStore } from '../store.ts';
import type { Watch } from '../watch.ts';
import { checkRequest, streaming, unary } from './calls.ts';
import { addTarget, writeEvent, writeStatus } from './listen.ts';
import type { WireMask, WireWrite } from './messages.ts';
import { readAggregation, readQuery } from './query.ts';
import {
  type BatchGetDocumentsRequest,
  type BatchWriteRequest,
  type BeginTransactionRequest,
  type CommitRequest,
  type CreateDocumentRequest,
  type DeleteDocumentRequest,
  type GetDocumentRequest,
  type ListCollectionIdsRequest,
  type ListDocumentsRequest,
  type ListenRequest,
  type PartitionQueryRequest,
  type RollbackRequest,
  type RunAggregationQueryRequest,
  type RunQueryRequest,
  readConsistency,
  readTransactionOptions,
  type UpdateDocumentRequest,
} from './requests.ts';
import { readMask, readMicros, writeDocument, writeTime, writeValue } from './value.ts';
import { pathIn, readWrite, writeResult } from './write.ts';

/**
 * google.firestore.v1.Firestore over a store: each method reads its request, asks the database and writes the answer.
 * Not implemented: Write, ExecutePipeline.
 */
export function firestoreService(store: FirestoreStore): UntypedServiceImplementation {
  const database = (name = ''): Database => {
    parseDatabaseName(name);
    return store.named(name);
  };
  const under = (name = ''): { database: Database; path: string } => {
    const resource = parseName(name);
    return { database: store.named(resource.database), path: resource.path };
  };
  const commitOne = async (owner: Database, wire: WireWrite, signal: AbortSignal): Promise<void> => {
    await owner.commit([readWrite(wire, owner.name)], { signal });
  };
  const reread = async (owner: Database, path: string, mask: WireMask | undefined): Promise<object> => {
    const { documents } = await owner.get([path]);
    return writeDocument(owner.root, documents[0] as Document, readMask(mask));
  };

  return {
    GetDocument: unary<GetDocumentRequest>(async (request) => {
      const { database: owner, path } = under(request.name);
      const { documents } = await owner.get([path], readConsistency(request));
      const [document] = documents;
      if (!document) throw new StatusError('NOT_FOUND', `Document "${request.name}" not found.`);
      return writeDocument(owner.root, document, readMask(request.mask));
    }),

    ListDocuments: unary<ListDocumentsRequest>((request) => {
      const { parent, collectionId = '', pageSize, pageToken, orderBy, showMissing } = request;
      if (orderBy) throw new StatusError('UNIMPLEMENTED', 'ListDocuments with order_by is not implemented.');
      checkCollectionId(collectionId);
      const { database: owner, path } = under(parent);
      const { readTime } = readConsistency(request);
      const mask = readMask(request.mask);
      const listed = { parent: path, collectionId, pageSize, pageToken, showMissing, readTime };
      const { entries, nextPageToken } = owner.list(listed);
      const documents = entries.map(({ path: each, document }) =>
        document ? writeDocument(owner.root, document, mask) : { name: `${owner.root}/${each}` },
      );
      return { documents, nextPageToken };
    }),

    CreateDocument: unary<CreateDocumentRequest>(async (request, signal) => {
      const { database: owner, path: parent } = under(request.parent);
      const id = request.documentId || newId();
      const path = join(join(parent, request.collectionId ?? ''), id);
      const update = { name: `${owner.root}/${path}`, fields: request.document?.fields };
      await commitOne(owner, { update, currentDocument: { exists: false } }, signal);
      return reread(owner, path, request.mask);
    }),

    UpdateDocument: unary<UpdateDocumentRequest>(async (request, signal) => {
      const { document = {}, updateMask, currentDocument } = request;
      const { database: owner, path } = under(document.name);
      await commitOne(owner, { update: document, updateMask, currentDocument }, signal);
      return reread(owner, path, request.mask);
    }),

    DeleteDocument: unary<DeleteDocumentRequest>(async ({ name = '', currentDocument }, signal) => {
      await commitOne(under(name).database, { delete: name, currentDocument }, signal);
      return {};
    }),

    BatchGetDocuments: streaming<BatchGetDocumentsRequest>(async (request, signal) => {
      const owner = database(request.database);
      const names = [...new Set(request.documents)];
      const mask = readMask(request.mask);
      const paths = names.map((name) => pathIn(owner.name, name));
      const result = await owner.get(paths, readConsistency(request, signal));
      const readTime = writeTime(result.readTime);
      return [
        ...begun(result.transaction),
        ...result.documents.map((document, index) =>
          document
            ? { found: writeDocument(owner.root, document, mask), readTime }
            : { missing: names[index], readTime },
        ),
      ];
    }),

    BeginTransaction: unary<BeginTransactionRequest>(({ database: name, options }) => ({
      transaction: Buffer.from(database(name).begin(readTransactionOptions(options))),
    })),

    Commit: unary<CommitRequest>(async ({ database: name, writes = [], transaction }, signal) => {
      const owner = database(name);
      const { commitTime, results } = await owner.commit(
        writes.map((write) => readWrite(write, owner.name)),
        { transaction: transaction?.length ? Buffer.from(transaction).toString() : undefined, signal },
      );
      return { commitTime: writeTime(commitTime), writeResults: results.map(writeResult) };
    }),

    Rollback: unary<RollbackRequest>(({ database: name, transaction }) => {
      database(name).rollback(Buffer.from(transaction ?? '').toString());
      return {};
    }),

    RunQuery: streaming<RunQueryRequest>(async (request, signal) => {
      const { database: owner, path } = under(request.parent);
      const query = readQuery(path, request.structuredQuery);
      const result = await owner.query(query, readConsistency(request, signal));
      const readTime = writeTime(result.readTime);
      const found = result.documents.map((document, index) => ({
        document: writeDocument(owner.root, document),
        readTime,
        skippedResults: index === 0 ? result.skipped : 0,
      }));
      // A query without results still tells its read time.
      const responses = found.length > 0 ? found : [{ readTime, skippedResults: result.skipped }];
      return [...begun(result.transaction), ...responses];
    }),

    RunAggregationQuery: streaming<RunAggregationQueryRequest>(async (request, signal) => {
      const { database: owner, path } = under(request.parent);
      const { structuredQuery, aggregations = [] } = request.structuredAggregationQuery ?? {};
      const query = readQuery(path, structuredQuery);
      const result = await owner.aggregate(
        query,
        aggregations.map(readAggregation),
        readConsistency(request, signal),
      );
      const values = [...result.values].map(([alias, value]) => [alias, writeValue(value)]);
      const answer = {
        result: { aggregateFields: Object.fromEntries(values) },
        readTime: writeTime(result.readTime),
      };
      return [...begun(result.transaction), answer];
    }),

    PartitionQuery: unary<PartitionQueryRequest>(async (request) => {
      const { database: owner, path } = under(request.parent);
      const { structuredQuery, partitionCount, readTime } = request;
      const query = readQuery(path, structuredQuery);
      const { documents } = await owner.query(query, { readTime: readTime && readMicros(readTime) });
      const partitions = partition(documents, Number(partitionCount ?? 0)).map((each) => ({
        values: [{ referenceValue: `${owner.root}/${each}` }],
        before: true,
      }));
      return { partitions, nextPageToken: '' };
    }),

    ListCollectionIds: unary<ListCollectionIdsRequest>(({ parent, pageSize, pageToken }) => {
      const { database: owner, path } = under(parent);
      const { ids, nextPageToken } = owner.collectionIds(path, { pageSize, pageToken });
      return { collectionIds: ids, nextPageToken };
    }),

    BatchWrite: unary<BatchWriteRequest>(async ({ database: name, writes = [] }) => {
      const owner = database(name);
      const outcomes = await owner.batchWrite(writes.map((write) => readWrite(write, owner.name)));
      return {
        writeResults: outcomes.map((each) => (each instanceof StatusError ? {} : writeResult(each))),
        status: outcomes.map((each) =>
          each instanceof StatusError ? writeStatus(each) : { code: 0, message: '' },
        ),
      };
    }),

    Listen: listen(database, (name) => under(name).path),
  };
}

function listen(
  database: (name: string | undefined) => Database,
  parentPath: (name: string) => string,
): handleBidiStreamingCall<ListenRequest, object> {
  return (call) => {
    let owner: Database | undefined;
    let watch: Watch | undefined;
    call.on('data', (request: ListenRequest) => {
      try {
        checkRequest(request);
        const listened = owner ?? database(request.database);
        const listener: Watch =
          watch ?? listened.watch((event) => call.write(writeEvent(listened, listener, event)));
        owner = listened;
        watch = listener;
        if (request.addTarget) addTarget(listened, listener, request.addTarget, parentPath);
        else if (request.removeTarget !== undefined) listener.remove(request.removeTarget);
      } catch (error) {
        watch?.close();
        call.emit('error', toServiceError(error));
      }
    });
    call.on('end', () => {
      watch?.close();
      call.end();
    });
    for (const event of ['cancelled', 'close', 'error']) call.on(event, () => watch?.close());
  };
}

function begun(transaction: string | undefined): object[] {
  return transaction === undefined ? [] : [{ transaction: Buffer.from(transaction) }];
}

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Twenty letters and digits, as the clients make them. */
function newId(): string {
  return Array.from(randomBytes(20), (byte) => ID_ALPHABET[byte % ID_ALPHABET.length]).join('');
}
