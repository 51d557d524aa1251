/** What a document's field may hold. An array holds no array directly (a rule of Firestore's). */
export type FieldValue =
  | null
  | boolean
  | number
  | string
  | Date
  | Uint8Array
  | readonly FieldValue[]
  | Fields;
export interface Fields {
  readonly [name: string]: FieldValue;
}

export interface StoredDocument {
  /** `collection/id/…`, without the database. */
  readonly path: string;
  readonly fields: Fields;
  /** Changes with each write of the document; opaque. */
  readonly version: string;
  /** Its payloads are gone: the key that they were encrypted with was dropped. */
  readonly erased?: true;
}

export type Write =
  /** Fails with `AlreadyExists` where the document is there. */
  | { readonly kind: 'create'; readonly path: string; readonly fields: Fields }
  /** Writes the whole document. With `ifVersion`, fails with `Conflict` unless that is the version stored. */
  | { readonly kind: 'put'; readonly path: string; readonly fields: Fields; readonly ifVersion?: string }
  /** Writes these top-level fields and leaves the others. Fails with `Conflict` where there is no such document, and as `put` does. */
  | { readonly kind: 'patch'; readonly path: string; readonly fields: Fields; readonly ifVersion?: string }
  | { readonly kind: 'delete'; readonly path: string; readonly ifVersion?: string };

export interface Query {
  /** A collection's path: `workflows`, `deadLetters`. */
  readonly collection: string;
  readonly where?: readonly {
    /** A field, or one within maps: `attributes.customer`. */
    readonly field: string;
    /** `array-contains`: the field is a list that holds the value. */
    readonly op: '==' | '<' | '<=' | '>' | '>=' | 'array-contains';
    readonly value: FieldValue;
  }[];
  /** Documents without the field are left out; those with the same value come in order of their paths, in the same direction. */
  readonly orderBy?: { readonly field: string; readonly descending?: boolean };
  /** Only what comes after the document that had this value of the `orderBy` field, and this path: the last of the page before. */
  readonly startAfter?: { readonly value: FieldValue; readonly path: string };
  readonly limit?: number;
}

/** Documents, as a port. Implementations: Firestore, and the local database in process. */
export interface Store {
  /** Reads the documents in one request, in the order asked for; undefined for one that is not there. */
  read(paths: readonly string[]): Promise<(StoredDocument | undefined)[]>;
  /**
   * Writes all or nothing, in one request (I1). Resolves to the version of each written document, in order. When it rejects
   * with `StoreUnavailable` the outcome is unknown: the writes may have been made.
   *
   * @throws MeshError `AlreadyExists` (a `create`), `Conflict` (an `ifVersion`), `StateInvalid` for a field that can't be kept, `DocumentTooLarge`,
   * `StoreRefused` for any other request that is wrong for good, `StoreUnavailable`
   */
  commit(writes: readonly Write[]): Promise<readonly string[]>;
  /** `startAfter` needs an `orderBy`; without it a `TypeError` is thrown. */
  query(query: Query): Promise<StoredDocument[]>;
}
