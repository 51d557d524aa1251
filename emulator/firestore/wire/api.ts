import type { AccessControl } from '../../iam/access-control.ts';
import type { Api } from '../../wire/api.ts';
import type { Protocol } from '../../wire/protocol.ts';
import type { ExtraRule } from '../../wire/rest/rest-api.ts';
import { StatusError } from '../../wire/status.ts';
import type { FirestoreStore } from '../store.ts';
import { guardedMethods } from './access.ts';
import { commitMethods } from './commits.ts';
import { documentMethods } from './documents.ts';
import { listenStream } from './listen-stream.ts';
import { queryMethods } from './queries.ts';
import { writeStream } from './write-stream.ts';

/** google.firestore.v1.Firestore. */
export function firestoreApi(store: FirestoreStore, access: AccessControl, protocol: Protocol): Api {
  const { BatchGetDocuments, ...documents } = documentMethods(store);
  const { PartitionQuery, ...queries } = queryMethods(store);
  const methods = { ...documents, PartitionQuery, ...commitMethods(store) };
  const lists = { BatchGetDocuments, ...queries, ExecutePipeline };
  return {
    protocol,
    service: 'google.firestore.v1.Firestore',
    methods: guardedMethods(methods, access),
    lists: guardedMethods(lists, access),
    streams: { Listen: listenStream(store, access), Write: writeStream(store, access) },
  };
}

/** Of the Enterprise edition; this is the Standard one, as most databases are. */
function ExecutePipeline(): never {
  throw new StatusError(
    'FAILED_PRECONDITION',
    'Pipeline queries are only available for databases of the Enterprise edition.',
  );
}

const DOCUMENTS = 'projects/*/databases/*/documents';

/** The path of a document has an even number of ids; the protocol's own rules leave that to the service. */
export const documentRules: readonly ExtraRule[] = [
  {
    method: 'GetDocument',
    verb: 'GET',
    path: `/v1/{name=${DOCUMENTS}/*/**}`,
    accepts: ([name = '']) => isDocument(name),
  },
  {
    method: 'ListDocuments',
    verb: 'GET',
    path: `/v1/{parent=${DOCUMENTS}/*/**}/{collection_id}`,
    accepts: ([parent = '']) => isDocument(parent),
  },
  { method: 'ListDocuments', verb: 'GET', path: `/v1/{parent=${DOCUMENTS}}/{collection_id}` },
];

function isDocument(name: string): boolean {
  return name.split('/').length % 2 === 1;
}
