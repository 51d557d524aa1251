import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Type } from 'protobufjs';
import { afterAnswer } from '../after-answer.ts';
import type { Api, Serve } from '../api.ts';
import { StatusError, toHttpError } from '../status.ts';
import { type HttpRule, httpRule, httpRulesOf } from './http-rule.ts';
import { sendJson } from './json-response.ts';
import { fieldsOf, readMessage, readParameter, writeMessage } from './proto-json.ts';
import { readSelection, select } from './selection.ts';

/** Base64 makes four bytes of three; the rest is for names and punctuation. */
const LARGEST_BODY = 20 * 1024 * 1024;
/** https://cloud.google.com/apis/docs/system-parameters */
const SYSTEM_PARAMETERS = new Set(
  'access_token alt callback fields key oauth_token prettyPrint quotaUser uploadType upload_protocol'.split(
    ' ',
  ),
);

/** A path of its own beside an API's, such as the keys of its tokens. */
export type ExtraPaths = Readonly<Record<string, () => unknown>>;

/** An HTTP rule that a service has and its protocol does not tell. */
export interface ExtraRule {
  readonly method: string;
  readonly verb: string;
  readonly path: string;
  readonly body?: string;
  /** What must hold of the path's variables besides: the path alone may fit several methods. */
  readonly accepts?: ((values: readonly string[]) => boolean) | undefined;
}

interface Route {
  readonly rule: HttpRule & Pick<ExtraRule, 'accepts'>;
  readonly request: Type;
  readonly response: Type;
  readonly serve: Serve;
  /** Whether it answers a list. */
  readonly lists: boolean;
}

export interface RestOptions {
  readonly apis: readonly Api[];
  readonly rules?: readonly ExtraRule[];
  readonly paths?: ExtraPaths;
}

/**
 * Serves the REST form of APIs by the rules in their protocols, so that it is what gRPC is. Errors have the form
 * `{error: {code, message, status}}`.
 */
export function createRest({ apis, rules = [], paths = {} }: RestOptions): RequestListener {
  let made: readonly Route[] | undefined;
  // Reading a protocol takes longer than starting a server, and most programs speak gRPC.
  const routes = () => {
    made ??= apis.flatMap((api) => routesOf(api, rules));
    return made;
  };
  return async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    try {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const extra = request.method === 'GET' && Object.hasOwn(paths, url.pathname) && paths[url.pathname];
      if (extra) return sendJson(response, 200, await extra());
      const found = routeOf(routes(), request.method ?? '', decoded(url.pathname));
      if (!found) throw new StatusError('NOT_FOUND', `Nothing is at ${request.method} ${url.pathname}.`);
      const { response: type, lists } = found.route;
      const fields = url.searchParams.get('fields') ?? url.searchParams.get('$fields');
      const wanted = fields ? readSelection(fields, type) : undefined;
      const message = requestOf(found, url, await readBody(request));
      const header = (name: string) => String(request.headers[name] ?? '') || undefined;
      const later = (then: () => void) => afterAnswer(gone.signal, then);
      const info = { signal: gone.signal, header, afterAnswer: later };
      const answer = await found.route.serve(message as never, info);
      const write = (message: unknown) => select(wanted, writeMessage(type, message as object));
      sendJson(response, 200, lists ? Array.from(answer as Iterable<unknown>, write) : write(answer));
    } catch (error) {
      const { code, body } = toHttpError(error);
      sendJson(response, code, body);
    }
  };
}

interface Found {
  readonly route: Route;
  readonly values: readonly string[];
}

function routesOf({ protocol, service, methods, lists }: Api, extra: readonly ExtraRule[]): Route[] {
  return protocol.root.lookupService(service).methodsArray.flatMap((method) => {
    const serve = methods[method.name] ?? lists?.[method.name];
    method.resolve();
    const { resolvedRequestType: request, resolvedResponseType: response } = method;
    if (!serve || !request || !response) return [];
    const rules = extra
      .filter((rule) => rule.method === method.name)
      .map(({ verb, path, body, accepts }) => ({ ...httpRule(verb, path, body), accepts }));
    if (rules.length === 0)
      for (const rule of httpRulesOf(method.parsedOptions ?? [])) rules.push({ ...rule, accepts: undefined });
    const answersList = method.responseStream ?? false;
    return rules.map((rule) => ({ rule, request, response, serve, lists: answersList }));
  });
}

function routeOf(routes: readonly Route[], verb: string, path: string): Found | undefined {
  for (const route of routes) {
    const match = route.rule.verb === verb && route.rule.path.exec(path);
    const values = match ? match.slice(1) : [];
    if (match && (route.rule.accepts?.(values) ?? true)) return { route, values };
  }
  return undefined;
}

/** The request that path, query and body make together. */
function requestOf({ route, values }: Found, url: URL, body: unknown): object {
  const { request, rule } = route;
  const message: Record<string, unknown> = {};
  if (rule.body === '*') Object.assign(message, readMessage(request, body));
  else if (rule.body !== undefined) {
    const { resolvedType } = fieldsOf(request).get(rule.body) ?? {};
    if (resolvedType && 'fieldsArray' in resolvedType)
      message[rule.body] = readMessage(resolvedType, body, rule.body);
  }
  for (const name of new Set(url.searchParams.keys())) {
    if (!SYSTEM_PARAMETERS.has(name) && !name.startsWith('$')) {
      setParameter(request, message, name, url.searchParams.getAll(name));
    }
  }
  for (const [at, variable] of rule.variables.entries())
    setPath(message, variable.split('.'), values[at] ?? '');
  return message;
}

function setParameter(
  type: Type,
  message: Record<string, unknown>,
  name: string,
  values: readonly string[],
): void {
  let into = message;
  let owner = type;
  const parts = name.split('.');
  for (const [at, part] of parts.entries()) {
    const field = fieldsOf(owner).get(part);
    if (!field) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${part}' could not be found in request message.`,
      );
    }
    if (at === parts.length - 1) into[field.name] = readParameter(field, values);
    else if (field.resolvedType && 'fieldsArray' in field.resolvedType) {
      const child: Record<string, unknown> = { ...(into[field.name] as object | undefined) };
      into[field.name] = child;
      into = child;
      owner = field.resolvedType;
    }
  }
}

function setPath(
  message: Record<string, unknown>,
  [head = '', ...rest]: readonly string[],
  value: string,
): void {
  if (rest.length === 0) message[head] = value;
  else {
    const child: Record<string, unknown> = { ...(message[head] as object | undefined) };
    message[head] = child;
    setPath(child, rest, value);
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST_BODY) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `Request payload size exceeds the limit: ${LARGEST_BODY} bytes.`,
      );
    }
    chunks.push(chunk);
  }
  if (size === 0) return {};
  const bytes = Buffer.concat(chunks);
  if (!isUtf8(bytes)) throw notUnicode('the body is no UTF-8');
  const text = bytes.toString();
  try {
    return JSON.parse(text, ESCAPED_SURROGATE.test(text) ? requireUnicode : undefined);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    const why = error instanceof Error ? error.message : '';
    throw new StatusError('INVALID_ARGUMENT', `Invalid JSON payload received. ${why}`);
  }
}

const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;

/** A reviver that takes everything as it is. @throws StatusError INVALID_ARGUMENT for half of a surrogate pair */
function requireUnicode(name: string, value: unknown): unknown {
  if (!name.isWellFormed() || (typeof value === 'string' && !value.isWellFormed()))
    throw notUnicode('an escape is half of a surrogate pair');
  return value;
}

function notUnicode(why: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', `Invalid JSON payload received. It is not Unicode: ${why}.`);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
