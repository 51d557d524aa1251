/**
 * What indexes a database has, in the form of `firestore.indexes.json`, which the Firebase tools deploy:
 * https://firebase.google.com/docs/reference/firestore/indexes
 */
export interface IndexConfiguration {
  readonly indexes: readonly CompositeIndex[];
  readonly fieldOverrides: readonly FieldOverride[];
}

export type QueryScope = 'COLLECTION' | 'COLLECTION_GROUP';

export interface CompositeIndex {
  readonly collectionGroup: string;
  readonly queryScope: QueryScope;
  readonly fields: readonly IndexedField[];
}

/** A field of an index, with exactly one of the modes. `fieldPath` is in the text form, back-quoted where it must be. */
export interface IndexedField {
  readonly fieldPath: string;
  readonly order?: 'ASCENDING' | 'DESCENDING';
  readonly arrayConfig?: 'CONTAINS';
  readonly vectorConfig?: { readonly dimension: number };
}

/** In place of the indexes that every field has: ascending, descending and of array elements, for single collections. */
export interface FieldOverride {
  readonly collectionGroup: string;
  readonly fieldPath: string;
  /** Whether a document expires at this field's time. */
  readonly ttl?: boolean;
  readonly indexes: readonly SingleFieldIndex[];
}

export interface SingleFieldIndex {
  readonly queryScope: QueryScope;
  readonly order?: 'ASCENDING' | 'DESCENDING';
  readonly arrayConfig?: 'CONTAINS';
}

export const NO_INDEXES: IndexConfiguration = { indexes: [], fieldOverrides: [] };

/** The indexes of a field that nothing overrides (https://firebase.google.com/docs/firestore/query-data/index-overview). */
export const AUTOMATIC_INDEXES: readonly SingleFieldIndex[] = [
  { queryScope: 'COLLECTION', order: 'ASCENDING' },
  { queryScope: 'COLLECTION', order: 'DESCENDING' },
  { queryScope: 'COLLECTION', arrayConfig: 'CONTAINS' },
];
