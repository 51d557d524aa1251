import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { PushRequest, PushTransport } from './push-transport.ts';

/** A push transport over HTTP, with connections that are kept alive. */
export interface HttpPush {
  readonly send: PushTransport;
  /** Closes the kept connections. */
  close(): void;
}

export function createHttpPush(): HttpPush {
  const http = new HttpAgent({ keepAlive: true });
  const https = new HttpsAgent({ keepAlive: true });
  const open = (url: string, options: object) =>
    url.startsWith('https:')
      ? httpsRequest(url, { ...options, agent: https })
      : httpRequest(url, { ...options, agent: http });
  return {
    send: (request) => post(request, open),
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

async function post(
  push: PushRequest,
  open: (url: string, options: object) => ClientRequest,
): Promise<{ status: number }> {
  const { url, body, timeoutMs, signal } = push;
  const headers = { ...push.headers, 'content-length': String(body.byteLength) };
  let isReused = false;
  try {
    return await new Promise((resolve, reject) => {
      const request = open(url, { method: 'POST', headers, timeout: timeoutMs, signal });
      request.on('response', (response) => {
        const { statusCode: status = 0 } = response;
        response.on('end', () => resolve({ status })).on('error', reject);
        response.resume();
      });
      // 102 is an acknowledgement of its own, and no final answer need follow it.
      request.on('information', ({ statusCode }) => {
        if (statusCode === 102) resolve({ status: 102 });
      });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      request.on('error', (error) => {
        isReused = request.reusedSocket;
        reject(error);
      });
      request.end(body);
    });
  } catch (error) {
    // The server may close a kept connection just as it is used again: that says nothing about the message.
    if (isReused && isReset(error) && !signal?.aborted) return post(push, open);
    throw error;
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}
