import type { RequestListener } from 'node:http';

/**
 * Lets pages of any origin ask, as Google's REST front ends do: preflights are answered here, and each answer names the origin.
 * https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS
 */
export function withCors(listener: RequestListener): RequestListener {
  return (request, response) => {
    const { origin } = request.headers;
    if (origin === undefined) return listener(request, response);
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('vary', 'Origin');
    if (request.method !== 'OPTIONS') return listener(request, response);
    response.setHeader('access-control-allow-methods', 'DELETE,GET,HEAD,PATCH,POST,PUT');
    response.setHeader('access-control-max-age', '3600');
    const wanted = request.headers['access-control-request-headers'];
    if (wanted !== undefined) response.setHeader('access-control-allow-headers', wanted);
    response.writeHead(200, { 'content-length': 0 }).end();
  };
}
