import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Dispatch, DispatchResponse, Transport } from './dispatch.ts';

/** Sends dispatches over HTTP with kept-alive connections. Redirects are not followed: they count as failures. */
export function httpTransport(): Transport & { close(): void } {
  const http = new HttpAgent({ keepAlive: true });
  const https = new HttpsAgent({ keepAlive: true });
  const send = ({ url, method, headers, body, signal }: Dispatch) =>
    new Promise<DispatchResponse>((resolve, reject) => {
      const onResponse = (response: IncomingMessage) => {
        response.on('error', reject);
        response.on('end', () => resolve(responseOf(response)));
        response.resume();
      };
      const length = { 'Content-Length': String(body?.length ?? 0) };
      const options = { method, headers: { ...headers, ...length }, signal };
      const sent = url.startsWith('https:')
        ? httpsRequest(url, { ...options, agent: https }, onResponse)
        : httpRequest(url, { ...options, agent: http }, onResponse);
      sent.on('error', reject);
      sent.end(body);
    });
  const close = () => {
    http.destroy();
    https.destroy();
  };
  return Object.assign(send, { close });
}

function responseOf({ statusCode = 0, headers }: IncomingMessage): DispatchResponse {
  const seconds = Number(headers['retry-after']);
  return { status: statusCode, ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}) };
}
