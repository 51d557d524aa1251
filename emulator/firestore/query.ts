import type { FieldPath } from './field-path.ts';
import type { Filter } from './filter.ts';
import type { Scope } from './storage.ts';
import type { Value } from './value.ts';

export interface Order {
  readonly field: FieldPath;
  readonly direction: 'asc' | 'desc';
}

/** A position among the results: values of the first few orders, and whether it lies before or after those equal to them. */
export interface Cursor {
  readonly values: readonly Value[];
  readonly before: boolean;
}

/**
 * The documents nearest to a vector, of those that the query finds.
 * https://cloud.google.com/firestore/docs/vector-search
 */
export interface FindNearest {
  readonly field: FieldPath;
  readonly vector: readonly number[];
  readonly measure: 'euclidean' | 'cosine' | 'dot-product';
  readonly limit: number;
  /** Gets the distance, in the results. */
  readonly distanceField?: FieldPath | undefined;
  /** Leaves out what is farther away; of dot products, which are larger the nearer, what is smaller. */
  readonly threshold?: number | undefined;
}

/** https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#structuredquery */
export interface Query {
  readonly scope: Scope;
  readonly where?: Filter | undefined;
  readonly orderBy?: readonly Order[] | undefined;
  readonly startAt?: Cursor | undefined;
  readonly endAt?: Cursor | undefined;
  readonly offset?: number | undefined;
  readonly limit?: number | undefined;
  readonly select?: readonly FieldPath[] | undefined;
  readonly findNearest?: FindNearest | undefined;
}
