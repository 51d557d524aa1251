import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Clock } from '../../shared/contract/clock.ts';

/** A request that was answered. */
export interface RequestRecord {
  /** RFC 3339, by the emulator's clock. */
  readonly time: string;
  /** `pubsub`, `firestore`, … */
  readonly server: string;
  /** A gRPC method, `google.pubsub.v1.Publisher/Publish`, or method and path of an HTTP request, `POST /v1/…`. */
  readonly method: string;
  /** A gRPC status by name, `OK`, or an HTTP status, `200`. */
  readonly status: string;
  /** What went wrong; left out where nothing did. */
  readonly message?: string;
}

/** Told of each request when it is answered. */
export type OnRequest = (answered: Omit<RequestRecord, 'time' | 'server'>) => void;

/** The last requests that the servers have answered. No payloads: they may hold what is nobody's business (I12). */
export class RequestLog {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #onRecord: (record: RequestRecord) => void;
  #records: RequestRecord[] = [];

  constructor(clock: Clock, onRecord: (record: RequestRecord) => void = () => {}, most = 1_000) {
    this.#clock = clock;
    this.#onRecord = onRecord;
    this.#most = most;
  }

  /** What a server calls with each request that it has answered. */
  of(server: string): OnRequest {
    return (answered) => {
      const record = { time: new Date(this.#clock.now()).toISOString(), server, ...answered };
      this.#records.push(record);
      if (this.#records.length > 2 * this.#most) this.#records = this.#records.slice(-this.#most);
      this.#onRecord(record);
    };
  }

  /** The newest last. */
  last(limit = this.#most): readonly RequestRecord[] {
    return limit === 0 ? [] : this.#records.slice(-Math.min(limit, this.#most));
  }
}

/** Sees every HTTP request as its answer has been sent. */
export function observed(listener: RequestListener, onRequest: OnRequest): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    response.on('finish', () =>
      onRequest({ method: `${request.method} ${request.url}`, status: String(response.statusCode) }),
    );
    listener(request, response as never);
  };
}
