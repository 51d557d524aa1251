import type { AccessControl } from '../../iam/access-control.ts';
import type { ServeBidi } from '../../wire/grpc/bidi-call.ts';
import { StatusError } from '../../wire/status.ts';
import type { Database } from '../database.ts';
import type { FirestoreStore } from '../store.ts';
import { checkAccess } from './access.ts';
import { databaseOf } from './names.ts';
import type { WriteRequest } from './requests.ts';
import { writeTime } from './value.ts';
import { readWrite, writeResult } from './write.ts';

/**
 * The Write method: a stream of commits, applied in their order and each answered. The first request names the database and has no
 * writes; each one after it brings the token of the last answer that its client has seen.
 */
export function writeStream(store: FirestoreStore, access: AccessControl): ServeBidi {
  return (call) => {
    const gone = new AbortController();
    const { header } = call;
    let stream: Stream | undefined;
    let last = Promise.resolve();
    const fail = (error: unknown) => {
      if (gone.signal.aborted) return;
      gone.abort();
      call.fail(error);
    };
    call.on('data', (request: WriteRequest) => {
      // One after the other: a commit may have to wait for a lock.
      last = last.then(async () => {
        if (gone.signal.aborted) return;
        const { database = stream?.database } = request;
        checkAccess(access, 'Write', { ...request, database }, { header });
        if (stream) call.write(await stream.apply(request, gone.signal));
        else {
          stream = new Stream(databaseOf(store, request.database), request);
          call.write(stream.opened());
        }
      });
      last = last.catch(fail);
    });
    call.on('end', () => last.then(() => call.end()));
    call.on('close', () => gone.abort());
  };
}

let streams = 0;

class Stream {
  readonly #database: Database;
  readonly #id: string;
  #answers = 0;

  constructor(database: Database, { writes = [], streamId, streamToken }: WriteRequest) {
    if (writes.length > 0)
      throw invalid('The first request on a write stream must not have writes: it opens the stream.');
    if (streamToken?.length && !streamId)
      throw invalid('A stream_token needs the stream_id that it belongs to.');
    this.#database = database;
    streams += 1;
    this.#id = streamId || String(streams);
  }

  get database(): string {
    return this.#database.name;
  }

  opened(): object {
    return { streamId: this.#id, streamToken: this.#token() };
  }

  async apply({ writes = [], streamToken }: WriteRequest, signal: AbortSignal): Promise<object> {
    if (!streamToken?.length)
      throw invalid('stream_token is required after the first request on a write stream.');
    const { commitTime, results } = await this.#database.commit(
      writes.map((write) => readWrite(write, this.#database.name)),
      { signal },
    );
    this.#answers += 1;
    return {
      streamToken: this.#token(),
      writeResults: results.map(writeResult),
      commitTime: writeTime(commitTime),
    };
  }

  #token(): Buffer {
    return Buffer.from(`${this.#id}.${this.#answers}`);
  }
}

function invalid(message: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', message);
}
