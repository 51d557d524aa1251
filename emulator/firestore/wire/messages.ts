/**
 * The messages of google.firestore.v1 as the protocol loader gives them: absent fields absent, 64-bit integers as decimal strings, enums
 * by name. Only what is read or written here is listed.
 * https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1
 */
export interface WireTimestamp {
  readonly seconds?: string | number | undefined;
  readonly nanos?: number | undefined;
}

export type WireFields = { readonly [name: string]: WireValue };

/** Exactly one member is present. */
export interface WireValue {
  readonly nullValue?: 'NULL_VALUE' | undefined;
  readonly booleanValue?: boolean | undefined;
  readonly integerValue?: string | undefined;
  readonly doubleValue?: number | undefined;
  readonly timestampValue?: WireTimestamp | undefined;
  readonly stringValue?: string | undefined;
  readonly bytesValue?: Uint8Array | undefined;
  readonly referenceValue?: string | undefined;
  readonly geoPointValue?: { readonly latitude?: number; readonly longitude?: number } | undefined;
  readonly arrayValue?: WireArray | undefined;
  readonly mapValue?: { readonly fields?: WireFields } | undefined;
}

export interface WireArray {
  readonly values?: readonly WireValue[];
}

export interface WireDocument {
  readonly name?: string;
  readonly fields?: WireFields | undefined;
  readonly createTime?: WireTimestamp | undefined;
  readonly updateTime?: WireTimestamp | undefined;
}

export interface WireMask {
  readonly fieldPaths?: readonly string[];
}

export interface WirePrecondition {
  readonly exists?: boolean;
  readonly updateTime?: WireTimestamp;
}

export interface WireFieldTransform {
  readonly fieldPath?: string;
  readonly setToServerValue?: string;
  readonly increment?: WireValue;
  readonly maximum?: WireValue;
  readonly minimum?: WireValue;
  readonly appendMissingElements?: WireArray;
  readonly removeAllFromArray?: WireArray;
}

export interface WireWrite {
  readonly update?: WireDocument;
  readonly delete?: string;
  readonly transform?: {
    readonly document?: string;
    readonly fieldTransforms?: readonly WireFieldTransform[];
  };
  readonly updateMask?: WireMask | undefined;
  readonly updateTransforms?: readonly WireFieldTransform[];
  readonly currentDocument?: WirePrecondition | undefined;
}

export interface WireWriteResult {
  readonly updateTime?: WireTimestamp | undefined;
  readonly transformResults: readonly WireValue[];
}

export interface WireTransactionOptions {
  readonly readOnly?: { readonly readTime?: WireTimestamp };
  readonly readWrite?: { readonly retryTransaction?: Uint8Array; readonly concurrencyMode?: string };
}

/** The part of a read request that says when, or in which transaction, to read. */
export interface WireConsistency {
  readonly transaction?: Uint8Array;
  readonly newTransaction?: WireTransactionOptions;
  readonly readTime?: WireTimestamp;
}

export interface WireFieldReference {
  readonly fieldPath?: string;
}

export interface WireFilter {
  readonly compositeFilter?: { readonly op?: string; readonly filters?: readonly WireFilter[] };
  readonly fieldFilter?: {
    readonly field?: WireFieldReference;
    readonly op?: string;
    readonly value?: WireValue;
  };
  readonly unaryFilter?: { readonly op?: string; readonly field?: WireFieldReference };
}

export interface WireCursor {
  readonly values?: readonly WireValue[];
  readonly before?: boolean;
}

export interface WireQuery {
  readonly select?: { readonly fields?: readonly WireFieldReference[] };
  readonly from?: readonly { readonly collectionId?: string; readonly allDescendants?: boolean }[];
  readonly where?: WireFilter;
  readonly orderBy?: readonly { readonly field?: WireFieldReference; readonly direction?: string }[];
  readonly startAt?: WireCursor;
  readonly endAt?: WireCursor;
  readonly offset?: number;
  readonly limit?: { readonly value?: number };
  readonly findNearest?: WireFindNearest;
}

export interface WireFindNearest {
  readonly vectorField?: WireFieldReference;
  readonly queryVector?: WireValue;
  readonly distanceMeasure?: string;
  readonly limit?: { readonly value?: number };
  readonly distanceResultField?: string;
  readonly distanceThreshold?: { readonly value?: number };
}

export interface WireAggregation {
  readonly alias?: string;
  readonly count?: { readonly upTo?: { readonly value?: string } };
  readonly sum?: { readonly field?: WireFieldReference };
  readonly avg?: { readonly field?: WireFieldReference };
}

export interface WireTarget {
  readonly targetId?: number;
  readonly once?: boolean;
  readonly query?: { readonly parent?: string; readonly structuredQuery?: WireQuery };
  readonly documents?: { readonly documents?: readonly string[] };
  readonly resumeToken?: Uint8Array;
  readonly expectedCount?: { readonly value?: number };
  readonly readTime?: WireTimestamp;
}

/** google.rpc.Status */
export interface WireStatus {
  readonly code: number;
  readonly message: string;
}
