import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { StatusError } from '../../wire/status.ts';
import type { FirestoreStore } from '../store.ts';
import { streaming, unary } from './calls.ts';
import { commitMethods } from './commits.ts';
import { documentMethods } from './documents.ts';
import { listenStream } from './listen-stream.ts';
import { queryMethods } from './queries.ts';
import { writeStream } from './write-stream.ts';

/** What google.firestore.v1.Firestore answers, whatever wire it is called by: with one message, or with a list of them. */
export function firestoreMethods(store: FirestoreStore) {
  return {
    ...documentMethods(store),
    ...queryMethods(store),
    ...commitMethods(store),
    /** Of the Enterprise edition; this is the Standard one, as most databases are. */
    ExecutePipeline(): never {
      throw new StatusError(
        'FAILED_PRECONDITION',
        'Pipeline queries are only available for databases of the Enterprise edition.',
      );
    },
  };
}

/** google.firestore.v1.Firestore over gRPC. */
export function firestoreService(store: FirestoreStore): UntypedServiceImplementation {
  const methods = firestoreMethods(store);
  return {
    GetDocument: unary(methods.GetDocument),
    ListDocuments: unary(methods.ListDocuments),
    CreateDocument: unary(methods.CreateDocument),
    UpdateDocument: unary(methods.UpdateDocument),
    DeleteDocument: unary(methods.DeleteDocument),
    ListCollectionIds: unary(methods.ListCollectionIds),
    BeginTransaction: unary(methods.BeginTransaction),
    Commit: unary(methods.Commit),
    Rollback: unary(methods.Rollback),
    BatchWrite: unary(methods.BatchWrite),
    PartitionQuery: unary(methods.PartitionQuery),
    BatchGetDocuments: streaming(methods.BatchGetDocuments),
    RunQuery: streaming(methods.RunQuery),
    RunAggregationQuery: streaming(methods.RunAggregationQuery),
    ExecutePipeline: streaming(methods.ExecutePipeline),
    Write: writeStream(store),
    Listen: listenStream(store),
  };
}
