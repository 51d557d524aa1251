import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { StatusError, toHttpError } from '../wire/status.ts';
import type { Broker } from './broker.ts';
import { jsonDialect } from './dialect.ts';
import { Fields, isRecord } from './fields.ts';
import { PUBLISH_LIMITS } from './message.ts';
import { METHODS } from './methods.ts';
import { routeRest } from './rest-routes.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** Where the public keys of push tokens are, as at Google's https://www.googleapis.com/oauth2/v3/certs. */
const CERTS_PATH = '/oauth2/v3/certs';
/** Base64 makes four bytes of three; attributes and punctuation come on top. */
const LARGEST_BODY = 2 * PUBLISH_LIMITS.bytes;

/** Serves the REST API, and the public keys of push tokens. */
export function createRest(broker: Broker, issuer: TokenIssuer): RequestListener {
  return async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    try {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (url.pathname === CERTS_PATH) return send(response, 200, await issuer.jwks());
      const call = routeRest(request.method ?? '', url, await readBody(request));
      const serve = call && METHODS[call.method];
      if (!serve) throw new StatusError('NOT_FOUND', `Nothing is at ${request.method} ${url.pathname}.`);
      const answer = await serve({
        broker,
        request: new Fields(call.request),
        dialect: jsonDialect,
        signal: gone.signal,
      });
      send(response, 200, answer);
    } catch (error) {
      const { code, body } = toHttpError(error);
      send(response, code, body);
    }
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': bytes.length,
  });
  response.end(bytes);
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST_BODY)
      throw new StatusError('INVALID_ARGUMENT', 'Request payload size exceeds the limit.');
    chunks.push(chunk);
  }
  if (size === 0) return {};
  const body = parse(Buffer.concat(chunks).toString());
  if (!isRecord(body))
    throw new StatusError('INVALID_ARGUMENT', 'Invalid JSON payload received: expected an object.');
  return body;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : '';
    throw new StatusError('INVALID_ARGUMENT', `Invalid JSON payload received. ${why}`);
  }
}
