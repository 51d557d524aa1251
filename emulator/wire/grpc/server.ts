import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { Api, Methods, Serve } from '../api.ts';
import type { OnRequest } from '../request-log.ts';
import { StatusError } from '../status.ts';
import { BidiCall, type ServeBidi } from './bidi-call.ts';
import { GrpcCall } from './call.ts';
import { FrameReader } from './frames.ts';

type Method = ServiceDefinition[string];
type Handle = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const LARGEST_REQUEST_BYTES = 20 * 1024 * 1024;
/** How much a client may send ahead of what has been read: more than one large request, so that none waits for leave. */
const WINDOW_BYTES = 8 * 1024 * 1024;

/**
 * A gRPC server on HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md) for methods that answer at once. It does per call
 * what such methods need and no more: half of the processor time that the server of @grpc/grpc-js takes.
 */
export class GrpcServer {
  readonly #http2 = createServer({
    settings: { initialWindowSize: WINDOW_BYTES },
    // In megabytes: a connection is not refused its next call for what it has sent already.
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
    maxSendHeaderBlockLength: Number.MAX_SAFE_INTEGER,
  });
  readonly #handlers = new Map<string, Handle>();
  readonly #onRequest: OnRequest | undefined;
  readonly #largestBytes: number;

  /**
   * `onRequest` is told of each call when it is answered; a request of more than `largestBytes` is refused with RESOURCE_EXHAUSTED before
   * anybody sees it.
   */
  constructor(onRequest?: OnRequest, largestBytes = LARGEST_REQUEST_BYTES) {
    this.#onRequest = onRequest;
    this.#largestBytes = largestBytes;
    this.#http2.on('session', (session) => session.setLocalWindowSize(WINDOW_BYTES));
    // A connection that breaks ends its streams, which is all that matters.
    this.#http2.on('sessionError', () => {});
    this.#http2.on('stream', (stream, headers) => this.#serve(stream, headers));
  }

  /** Serves the methods of a service. `onCall` is told the name of each that is called. */
  add(
    service: ServiceDefinition,
    { methods, lists = {}, streams = {} }: Methods,
    onCall: (method: string) => void = () => {},
  ): void {
    for (const [name, method] of Object.entries(service)) {
      const unary = methods[name];
      const list = lists[name];
      const bidi = streams[name];
      const handle =
        (unary && this.#answering(method, unary, false)) ??
        (list && this.#answering(method, list, true)) ??
        (bidi && this.#streaming(method, bidi));
      if (!handle) continue;
      this.#handlers.set(method.path, (stream, headers) => {
        onCall(name);
        handle(stream, headers);
      });
    }
  }

  /** Serves a connection whose client speaks HTTP/2. */
  connect(socket: Socket): void {
    this.#http2.emit('connection', socket);
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    if (!headers['content-type']?.startsWith('application/grpc')) {
      stream.on('error', () => {});
      stream.respond({ ':status': 415 }, { endStream: true });
      return;
    }
    const handle = this.#handlers.get(headers[':path'] ?? '');
    if (handle) {
      handle(stream, headers);
      return;
    }
    const call = new GrpcCall(stream, headers, this.#onRequest);
    call.fail(
      new StatusError('UNIMPLEMENTED', `The server does not implement the method ${headers[':path']}`),
    );
    stream.resume();
  }

  /** Of a method that takes one request. Its answers are a list, or one. */
  #answering(method: Method, serve: Serve, isList: boolean): Handle {
    return (stream, headers) => {
      const call = new GrpcCall(stream, headers, this.#onRequest);
      const frames = new FrameReader(this.#largestBytes, call.info.header('grpc-encoding'));
      const messages: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        if (call.isEnded) return;
        try {
          messages.push(...frames.read(chunk));
        } catch (error) {
          call.fail(error);
        }
      });
      stream.on('end', async () => {
        if (call.isEnded) return;
        try {
          const [message] = messages;
          if (!message || messages.length > 1 || frames.isWithin)
            throw new StatusError('UNIMPLEMENTED', `${call.path} takes exactly one request.`);
          const answer = await serve(deserialized(method, message) as never, call.info);
          const answers: Iterable<unknown> = isList ? (answer as Iterable<unknown>) : [answer];
          // All of them before the first is sent: what cannot be written fails the call as a whole.
          call.succeed(Array.from(answers, method.responseSerialize));
        } catch (error) {
          // Headers first: a stream that fails without any is taken for unanswered by Google's clients, which then ask twice
          // more, seconds apart, whatever the error says.
          if (isList) call.start();
          call.fail(error);
        }
      });
    };
  }

  #streaming(method: Method, serve: ServeBidi): Handle {
    return (stream, headers) => {
      const call = new GrpcCall(stream, headers, this.#onRequest);
      const frames = new FrameReader(this.#largestBytes, call.info.header('grpc-encoding'));
      const fail = (error: unknown) => {
        call.start();
        call.fail(error);
      };
      const bidi = new BidiCall(call.info.header, {
        write: (answer) => call.write(method.responseSerialize(answer)),
        succeed: () => call.succeed(),
        fail,
      });
      serve(bidi);
      stream.on('data', (chunk: Buffer) => {
        try {
          for (const message of frames.read(chunk))
            if (!call.isEnded) bidi.emit('data', deserialized(method, message) as never);
        } catch (error) {
          fail(error);
        }
      });
      stream.on('end', () => bidi.emit('end'));
      stream.on('close', () => bidi.emit('close'));
    };
  }
}

/** Serves an API over gRPC. */
export function addApi(server: GrpcServer, { protocol, service, ...methods }: Api): void {
  server.add(protocol.service(service), methods);
}

function deserialized(method: Method, message: Buffer): object {
  try {
    return method.requestDeserialize(message);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw new StatusError('INTERNAL', 'Error deserializing request');
  }
}
