import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { GrpcServer } from './grpc/server.ts';
import { type OnRequest, observed } from './request-log.ts';

/**
 * One TCP port that speaks gRPC (HTTP/2) and REST (HTTP/1.1), as Google's endpoints do. The first byte decides: an HTTP/2
 * client opens with the preface `PRI * HTTP/2.0`, and no HTTP/1.1 method begins with `PRI`.
 */
export interface Port {
  /** `127.0.0.1:<port>`, the form that the `*_EMULATOR_HOST` variables take. */
  readonly address: string;
  readonly port: number;
  /** Closes the listener and every open connection. Safe to call twice. */
  close(): Promise<void>;
}

export interface PortOptions {
  /** 0 takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly grpc: GrpcServer;
  readonly rest?: RequestListener;
  /** Told of each HTTP/1.1 request when it is answered. */
  readonly onRequest?: OnRequest | undefined;
}

const HTTP2_PREFACE = Buffer.from('PRI ');

/**
 * How long a connection is kept that nothing is asked on, as long as Google's front ends do
 * (https://cloud.google.com/load-balancing/docs/https#timeouts_and_retries): after Node's 5 seconds, a client on a busy machine
 * asks again just as the connection ends, and is told ECONNRESET.
 */
export const KEEP_ALIVE_MS = 600_000;

/** Listens; rejects with Node's error (`EADDRINUSE`, …) when the port cannot be had. */
export async function openPort(options: PortOptions): Promise<Port> {
  const { port = 0, host = '127.0.0.1', grpc, onRequest } = options;
  const rest: RequestListener = options.rest ?? ((_request, response) => response.writeHead(404).end());
  const http = createHttpServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    onRequest ? observed(rest, onRequest) : rest,
  );
  const sockets = new Set<Socket>();
  const server = createTcpServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    sniff(socket, (isHttp2) => (isHttp2 ? grpc.connect(socket) : http.emit('connection', socket)));
  });
  await listen(server, port, host);
  const bound = (server.address() as AddressInfo).port;
  return {
    address: `${host}:${bound}`,
    port: bound,
    async close() {
      http.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function sniff(socket: Socket, decide: (isHttp2: boolean) => void): void {
  let head = Buffer.alloc(0);
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (!chunk) return;
    head = Buffer.concat([head, chunk]);
    const start = head.subarray(0, HTTP2_PREFACE.length);
    const mayBeHttp2 = HTTP2_PREFACE.subarray(0, start.length).equals(start);
    // A first packet may end within the preface, where `POST` and `PRI` still look alike.
    if (mayBeHttp2 && start.length < HTTP2_PREFACE.length) return;
    socket.off('readable', onReadable);
    socket.unshift(head);
    decide(mayBeHttp2);
  };
  socket.on('readable', onReadable);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
