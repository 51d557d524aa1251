import { type PageRequest, pageOf } from '../../wire/page.ts';
import type { Protocol } from '../../wire/protocol.ts';
import { StatusError } from '../../wire/status.ts';

/** google.longrunning.Operation, done: here nothing takes long. */
export interface Operation {
  readonly name: string;
  readonly done: true;
  readonly metadata: PackedMessage;
  readonly response: PackedMessage;
}

/** google.protobuf.Any */
interface PackedMessage {
  readonly type_url: string;
  readonly value: Uint8Array;
}

type OperationKind =
  | 'google.firestore.admin.v1.BulkDeleteDocumentsMetadata'
  | 'google.firestore.admin.v1.CloneDatabaseMetadata'
  | 'google.firestore.admin.v1.CreateDatabaseMetadata'
  | 'google.firestore.admin.v1.DeleteDatabaseMetadata'
  | 'google.firestore.admin.v1.ExportDocumentsMetadata'
  | 'google.firestore.admin.v1.FieldOperationMetadata'
  | 'google.firestore.admin.v1.ImportDocumentsMetadata'
  | 'google.firestore.admin.v1.IndexOperationMetadata'
  | 'google.firestore.admin.v1.RestoreDatabaseMetadata'
  | 'google.firestore.admin.v1.UpdateDatabaseMetadata';

/** Remembered for those that ask again; the oldest are forgotten. */
const MOST_OPERATIONS = 1_000;
const PAGE = 100;

/** The operations that admin calls have answered with. */
export class Operations {
  readonly #protocol: Protocol;
  readonly #operations = new Map<string, Operation>();
  #made = 0;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** An operation on a database that has come to its end already. Types are full names of messages. */
  done(
    database: string,
    metadata: readonly [OperationKind, object],
    response: readonly [type: string, message: object],
  ): Operation {
    this.#made += 1;
    const name = `${database}/operations/${Buffer.from(`operation-${this.#made}`).toString('base64url')}`;
    const operation = {
      name,
      done: true,
      metadata: this.#pack(metadata),
      response: this.#pack(response),
    } as const;
    this.#operations.set(name, operation);
    const [oldest] = this.#operations.keys();
    if (this.#operations.size > MOST_OPERATIONS && oldest !== undefined) this.#operations.delete(oldest);
    return operation;
  }

  /** google.longrunning.Operations */
  readonly methods = {
    GetOperation: ({ name = '' }: { readonly name?: string }) => this.#get(name),
    WaitOperation: ({ name = '' }: { readonly name?: string }) => this.#get(name),
    ListOperations: ({ name = '', ...page }: PageRequest & { readonly name?: string }) => {
      const mine = [...this.#operations.values()].filter((each) => each.name.startsWith(`${name}/`));
      const { items, nextPageToken } = pageOf(mine, (each) => each.name, page, PAGE);
      return { operations: items, nextPageToken };
    },
    /** It is too late for that, which is no error. */
    CancelOperation: ({ name = '' }: { readonly name?: string }) => {
      this.#get(name);
      return {};
    },
    DeleteOperation: ({ name = '' }: { readonly name?: string }) => {
      this.#get(name);
      this.#operations.delete(name);
      return {};
    },
  };

  #get(name: string): Operation {
    const found = this.#operations.get(name);
    if (!found) throw new StatusError('NOT_FOUND', `Operation "${name}" not found.`);
    return found;
  }

  #pack([name, message]: readonly [name: string, message: object]): PackedMessage {
    const type = this.#protocol.root.lookupType(name);
    return { type_url: `type.googleapis.com/${name}`, value: type.encode(type.fromObject(message)).finish() };
  }
}
