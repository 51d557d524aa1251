import type { ReadOptions } from '../database.ts';
import type { TransactionOptions } from '../transaction.ts';
import type {
  WireAggregation,
  WireConsistency,
  WireDocument,
  WireMask,
  WirePrecondition,
  WireQuery,
  WireTarget,
  WireTimestamp,
  WireTransactionOptions,
  WireWrite,
} from './messages.ts';
import { readMicros } from './value.ts';

/** The requests of the service, as far as they are read. */
export interface GetDocumentRequest extends WireConsistency {
  readonly name?: string;
  readonly mask?: WireMask;
}

export interface ListDocumentsRequest extends WireConsistency {
  readonly parent?: string;
  readonly collectionId?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
  readonly orderBy?: string;
  readonly mask?: WireMask;
  readonly showMissing?: boolean;
}

export interface CreateDocumentRequest {
  readonly parent?: string;
  readonly collectionId?: string;
  readonly documentId?: string;
  readonly document?: WireDocument;
  readonly mask?: WireMask;
}

export interface UpdateDocumentRequest {
  readonly document?: WireDocument;
  readonly updateMask?: WireMask;
  readonly mask?: WireMask;
  readonly currentDocument?: WirePrecondition;
}

export interface DeleteDocumentRequest {
  readonly name?: string;
  readonly currentDocument?: WirePrecondition;
}

export interface BatchGetDocumentsRequest extends WireConsistency {
  readonly database?: string;
  readonly documents?: readonly string[];
  readonly mask?: WireMask;
}

export interface BeginTransactionRequest {
  readonly database?: string;
  readonly options?: WireTransactionOptions;
}

export interface CommitRequest {
  readonly database?: string;
  readonly writes?: readonly WireWrite[];
  readonly transaction?: Uint8Array;
}

export interface RollbackRequest {
  readonly database?: string;
  readonly transaction?: Uint8Array;
}

interface ExplainOptions {
  /** Run the query, too. */
  readonly analyze?: boolean;
}

export interface RunQueryRequest extends WireConsistency {
  readonly explainOptions?: ExplainOptions;
  readonly parent?: string;
  readonly structuredQuery?: WireQuery;
}

export interface RunAggregationQueryRequest extends WireConsistency {
  readonly explainOptions?: ExplainOptions;
  readonly parent?: string;
  readonly structuredAggregationQuery?: {
    readonly structuredQuery?: WireQuery;
    readonly aggregations?: readonly WireAggregation[];
  };
}

export interface PartitionQueryRequest {
  readonly parent?: string;
  readonly structuredQuery?: WireQuery;
  readonly partitionCount?: string;
  readonly readTime?: WireTimestamp;
}

export interface ListCollectionIdsRequest {
  readonly parent?: string;
  readonly pageSize?: number;
  readonly pageToken?: string;
  readonly readTime?: WireTimestamp;
}

export interface BatchWriteRequest {
  readonly database?: string;
  readonly writes?: readonly WireWrite[];
}

export interface WriteRequest {
  readonly database?: string;
  readonly streamId?: string;
  readonly writes?: readonly WireWrite[];
  readonly streamToken?: Uint8Array;
}

export interface ListenRequest {
  readonly database?: string;
  readonly addTarget?: WireTarget;
  readonly removeTarget?: number;
}

/** When, or in which transaction, a request wants to read. */
export function readConsistency(request: WireConsistency, signal?: AbortSignal): ReadOptions {
  const { transaction, newTransaction, readTime } = request;
  return {
    transaction: transaction?.length ? Buffer.from(transaction).toString() : undefined,
    newTransaction: newTransaction && readTransactionOptions(newTransaction),
    readTime: readTime && readMicros(readTime),
    signal,
  };
}

export function readTransactionOptions(wire: WireTransactionOptions | undefined): TransactionOptions {
  if (wire?.readOnly) {
    const { readTime } = wire.readOnly;
    return { mode: 'readOnly', readTime: readTime && readMicros(readTime) };
  }
  const { retryTransaction, concurrencyMode } = wire?.readWrite ?? {};
  return {
    mode: 'readWrite',
    retry: retryTransaction?.length ? Buffer.from(retryTransaction).toString() : undefined,
    optimistic: concurrencyMode === 'OPTIMISTIC',
  };
}
