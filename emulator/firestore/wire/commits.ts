import { StatusError } from '../../wire/status.ts';
import type { FirestoreStore } from '../store.ts';
import { writeStatus } from './listen.ts';
import { type Caller, databaseOf } from './names.ts';
import {
  type BatchWriteRequest,
  type BeginTransactionRequest,
  type CommitRequest,
  type RollbackRequest,
  readTransactionOptions,
} from './requests.ts';
import { writeTime } from './value.ts';
import { readWrite, writeResult } from './write.ts';

/** The methods that write, and those of transactions. */
export function commitMethods(store: FirestoreStore) {
  return {
    BeginTransaction({ database, options }: BeginTransactionRequest) {
      const id = databaseOf(store, database).begin(readTransactionOptions(options));
      return { transaction: Buffer.from(id) };
    },

    async Commit({ database: name, writes = [], transaction }: CommitRequest, { signal }: Caller) {
      const database = databaseOf(store, name);
      const { commitTime, results } = await database.commit(
        writes.map((write) => readWrite(write, database.name)),
        { transaction: transaction?.length ? Buffer.from(transaction).toString() : undefined, signal },
      );
      return { commitTime: writeTime(commitTime), writeResults: results.map(writeResult) };
    },

    Rollback({ database, transaction }: RollbackRequest) {
      databaseOf(store, database).rollback(Buffer.from(transaction ?? '').toString());
      return {};
    },

    async BatchWrite({ database: name, writes = [] }: BatchWriteRequest) {
      const database = databaseOf(store, name);
      const outcomes = await database.batchWrite(writes.map((write) => readWrite(write, database.name)));
      return {
        writeResults: outcomes.map((each) => (each instanceof StatusError ? {} : writeResult(each))),
        status: outcomes.map((each) => (each instanceof StatusError ? writeStatus(each) : {})),
      };
    },
  };
}
