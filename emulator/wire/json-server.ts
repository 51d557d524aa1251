import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KEEP_ALIVE_MS } from './port.ts';
import { type OnRequest, observed } from './request-log.ts';
import { toHttpError } from './status.ts';

export interface JsonServerOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Told of each request when it is answered. */
  readonly onRequest?: OnRequest | undefined;
}

export interface JsonServer {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves what `answer` resolves to: as JSON, or as the text that it is. What it throws becomes the error that Google's services answer with.
 * Rejects with Node's error when the port cannot be had.
 */
export async function startJsonServer(
  answer: (request: IncomingMessage) => Promise<unknown>,
  { port: wanted = 0, host = '127.0.0.1', onRequest }: JsonServerOptions,
): Promise<JsonServer> {
  const listener: RequestListener = (request, response) => {
    answer(request).then(
      (body) => send(response, 200, body),
      (error: unknown) => {
        const { code, body } = toHttpError(error);
        send(response, code, body);
      },
    );
  };
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    onRequest ? observed(listener, onRequest) : listener,
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: `${host}:${port}`,
    port,
    async close() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, code: number, body: unknown): void {
  const text = typeof body === 'string';
  response.writeHead(code, { 'content-type': text ? 'text/plain; charset=utf-8' : 'application/json' });
  response.end(text ? body : `${JSON.stringify(body)}\n`);
}
