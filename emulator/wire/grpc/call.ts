import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { afterAnswer } from '../after-answer.ts';
import type { CallInfo } from '../api.ts';
import { GONE } from '../gone.ts';
import type { OnRequest } from '../request-log.ts';
import { toAnsweredStatus } from '../status.ts';
import { STATUS_CODES } from '../status-codes.ts';
import { frameOf } from './frames.ts';

const RESPONSE_HEADERS = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity,deflate,gzip',
};
const OK = { 'grpc-status': STATUS_CODES.OK };
/** Messages that are known at once go out together, up to about so many bytes. */
const CHUNK_BYTES = 64 * 1024;

/**
 * One call on its HTTP/2 stream: answers it with messages and exactly one status. Deadlines are the client's matter: it resets the
 * stream when one passes, which aborts `info.signal`.
 */
export class GrpcCall {
  readonly path: string;
  readonly info: CallInfo;
  readonly #stream: ServerHttp2Stream;
  readonly #onRequest: OnRequest | undefined;
  #isStarted = false;
  #isEnded = false;

  /** `onRequest` is told of the status that is sent. */
  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, onRequest: OnRequest | undefined) {
    this.path = headers[':path'] ?? '';
    this.#stream = stream;
    this.#onRequest = onRequest;
    const gone = new AbortController();
    this.info = {
      signal: gone.signal,
      afterAnswer: (then) => afterAnswer(gone.signal, then),
      header: (name) => {
        const value = headers[name];
        return typeof value === 'string' ? value : value?.[0];
      },
    };
    // Its close tells all there is to know.
    stream.on('error', () => {});
    stream.on('close', () => {
      this.#isEnded = true;
      gone.abort(GONE);
    });
  }

  /** Whether it has been answered, or given up. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Sends the headers, if they are not sent yet. */
  start(): void {
    if (this.#isStarted || this.#isEnded || this.#stream.destroyed) return;
    this.#isStarted = true;
    this.#stream.respond(RESPONSE_HEADERS, { waitForTrailers: true });
  }

  /** Sends one message; what comes after the status is dropped. */
  write(message: Buffer): void {
    if (this.#isEnded) return;
    this.start();
    this.#stream.write(frameOf(message));
  }

  /** Sends the last messages and the status OK, in as few packets as can be. */
  succeed(messages: Iterable<Buffer> = []): void {
    if (this.#isEnded) return;
    let chunk: Buffer[] = [];
    let bytes = 0;
    this.start();
    for (const message of messages) {
      if (bytes > CHUNK_BYTES) {
        this.#stream.write(Buffer.concat(chunk));
        chunk = [];
        bytes = 0;
      }
      chunk.push(frameOf(message));
      bytes += message.length;
    }
    this.#end(OK);
    this.#stream.end(chunk.length > 1 ? Buffer.concat(chunk) : chunk[0]);
    this.#onRequest?.({ method: this.path.slice(1), status: 'OK' });
  }

  /** Sends the status of an error; anything but a `StatusError` is INTERNAL. */
  fail(error: unknown): void {
    if (this.#isEnded) return;
    const { code, name, message, details } = toAnsweredStatus(error);
    const trailers = {
      'grpc-status': code,
      'grpc-message': encodeURI(message.toWellFormed()),
      ...(details && { 'grpc-status-details-bin': details.toString('base64') }),
    };
    if (this.#isStarted) {
      this.#end(trailers);
      this.#stream.end();
    } else {
      this.#isEnded = true;
      const headers = { ...RESPONSE_HEADERS, ...trailers };
      if (!this.#stream.destroyed) this.#stream.respond(headers, { endStream: true });
    }
    this.#onRequest?.({ method: this.path.slice(1), status: name, ...(message && { message }) });
  }

  #end(trailers: Readonly<Record<string, string | number>>): void {
    this.#isEnded = true;
    this.#stream.once('wantTrailers', () => this.#stream.sendTrailers(trailers));
  }
}
