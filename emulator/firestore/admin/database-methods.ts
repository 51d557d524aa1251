import { StatusError } from '../../wire/status.ts';
import { toProtoTime } from '../../wire/time.ts';
import { DATABASE_ID_FORM, isDatabaseId } from '../path.ts';
import type { FirestoreStore } from '../store.ts';
import { existing, projectOf } from './names.ts';
import type { Operations } from './operations.ts';

/** google.firestore.admin.v1.Database, as far as callers may set it. */
interface DatabaseMessage {
  readonly name?: string;
  readonly locationId?: string;
  readonly type?: string;
  readonly concurrencyMode?: string;
  readonly pointInTimeRecoveryEnablement?: string;
  readonly deleteProtectionState?: string;
  readonly databaseEdition?: string;
}

/** What can be changed afterwards, by its name in update masks. */
const CHANGEABLE: Readonly<Record<string, keyof DatabaseMessage>> = {
  type: 'type',
  concurrency_mode: 'concurrencyMode',
  point_in_time_recovery_enablement: 'pointInTimeRecoveryEnablement',
  delete_protection_state: 'deleteProtectionState',
};

const DEFAULTS: DatabaseMessage = {
  locationId: 'nam5',
  type: 'FIRESTORE_NATIVE',
  concurrencyMode: 'PESSIMISTIC',
  pointInTimeRecoveryEnablement: 'POINT_IN_TIME_RECOVERY_DISABLED',
  deleteProtectionState: 'DELETE_PROTECTION_DISABLED',
  databaseEdition: 'STANDARD',
};

/** What databases are said to be; documents are in the store. */
export class DatabaseRecords {
  readonly #store: FirestoreStore;
  readonly #records = new Map<
    string,
    DatabaseMessage & { readonly created: number; readonly updated: number }
  >();

  constructor(store: FirestoreStore) {
    this.#store = store;
  }

  /** Makes a database. @throws StatusError INVALID_ARGUMENT, ALREADY_EXISTS */
  create(parent: string, id: string, given: DatabaseMessage = {}): object {
    const name = `projects/${projectOf(parent)}/databases/${id}`;
    if (!isDatabaseId(id))
      throw new StatusError('INVALID_ARGUMENT', `database_id "${id}" must be ${DATABASE_ID_FORM}.`);
    if (this.#store.find(name))
      throw new StatusError('ALREADY_EXISTS', 'Database already exists. Please use another database_id');
    this.#store.named(name);
    const now = this.#store.clock.now();
    this.#records.set(name, { ...DEFAULTS, ...given, created: now, updated: now });
    return this.describe(name);
  }

  /** Changes what the mask names; without one, all that can be changed and is given. @throws StatusError INVALID_ARGUMENT, NOT_FOUND */
  update({ name = '', ...given }: DatabaseMessage, paths: readonly string[] = []): object {
    existing(this.#store, name);
    const changed = paths.map((path) => {
      const member = CHANGEABLE[path];
      if (!member)
        throw new StatusError('INVALID_ARGUMENT', `Field "${path}" of a database cannot be updated.`);
      return [member, given[member as keyof typeof given]];
    });
    const changes = paths.length > 0 ? Object.fromEntries(changed) : given;
    this.#records.set(name, { ...this.#record(name), ...changes, updated: this.#store.clock.now() });
    return this.describe(name);
  }

  /** @throws StatusError FAILED_PRECONDITION for one that is protected, NOT_FOUND */
  remove(name: string): object {
    existing(this.#store, name);
    const described = this.describe(name);
    if (this.#record(name).deleteProtectionState === 'DELETE_PROTECTION_ENABLED')
      throw new StatusError(
        'FAILED_PRECONDITION',
        'Cannot delete a database that has delete protection enabled: disable it first.',
      );
    this.#store.drop(name);
    this.#records.delete(name);
    return described;
  }

  /** google.firestore.admin.v1.Database */
  describe(name: string): object {
    const { created, updated, ...record } = this.#record(name);
    return {
      ...record,
      name,
      uid: uidOf(name),
      createTime: toProtoTime(created),
      updateTime: toProtoTime(updated),
      versionRetentionPeriod: { seconds: '3600', nanos: 0 },
      earliestVersionTime: toProtoTime(Math.max(created, this.#store.clock.now() - 3_600_000)),
      appEngineIntegrationMode: 'DISABLED',
    };
  }

  #record(name: string) {
    const known = this.#records.get(name);
    if (known) return known;
    // It came to be when somebody wrote to it.
    const now = this.#store.clock.now();
    const record = { ...DEFAULTS, created: now, updated: now };
    this.#records.set(name, record);
    return record;
  }
}

/** The same for the same name: a database of ours has no other identity. */
export function uidOf(name: string): string {
  const hex = Buffer.from(name).toString('hex').padEnd(32, '0').slice(-32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

interface CreateDatabaseRequest {
  readonly parent?: string;
  readonly databaseId?: string;
  readonly database?: DatabaseMessage;
}

interface UpdateDatabaseRequest {
  readonly database?: DatabaseMessage;
  readonly updateMask?: { readonly paths?: readonly string[] };
}

const DATABASE = 'google.firestore.admin.v1.Database';

/** The admin calls of databases. */
export function databaseMethods(store: FirestoreStore, records: DatabaseRecords, operations: Operations) {
  return {
    CreateDatabase({ parent = '', databaseId = '', database }: CreateDatabaseRequest) {
      const message = records.create(parent, databaseId, database);
      const name = `projects/${projectOf(parent)}/databases/${databaseId}`;
      return operations.done(
        name,
        ['google.firestore.admin.v1.CreateDatabaseMetadata', {}],
        [DATABASE, message],
      );
    },

    GetDatabase({ name = '' }: { readonly name?: string }) {
      existing(store, name);
      return records.describe(name);
    },

    ListDatabases({ parent = '' }: { readonly parent?: string }) {
      const prefix = `projects/${projectOf(parent)}/databases/`;
      const mine = [...store.databases()].filter(({ name }) => name.startsWith(prefix));
      return { databases: mine.map(({ name }) => records.describe(name)), unreachable: [] };
    },

    UpdateDatabase({ database = {}, updateMask }: UpdateDatabaseRequest) {
      const message = records.update(database, updateMask?.paths);
      const { name = '' } = database;
      return operations.done(
        name,
        ['google.firestore.admin.v1.UpdateDatabaseMetadata', {}],
        [DATABASE, message],
      );
    },

    DeleteDatabase({ name = '' }: { readonly name?: string }) {
      const message = records.remove(name);
      return operations.done(
        name,
        ['google.firestore.admin.v1.DeleteDatabaseMetadata', {}],
        [DATABASE, message],
      );
    },
  };
}
