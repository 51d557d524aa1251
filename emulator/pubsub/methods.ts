import type { CallInfo, Serve } from '../wire/api.ts';
import type { Page, PageRequest } from '../wire/page.ts';
import { StatusError } from '../wire/status.ts';
import type { Broker } from './broker.ts';
import { Fields } from './fields.ts';

/** One unary method of the API: what it does for a request, and who may have it done. */
export interface Method {
  serve(broker: Broker, request: Fields, call: Pick<CallInfo, 'signal' | 'afterAnswer'>): unknown;
  /** The permissions that it takes, each with the resource; asked for before anything is done. */
  needs(request: Fields, broker: Broker): readonly (readonly [permission: string, resource: string])[];
}

export type Methods = Readonly<Record<string, Method>>;

/** Says whether the caller may. Throws where not. */
export type Authorize = (
  header: (name: string) => string | undefined,
  permission: string,
  resource: string,
) => void;

/** Makes the methods ready to be served. Without `authorize` nobody is asked who they are. */
export function served(broker: Broker, methods: Methods, authorize: Authorize | undefined) {
  const serveOf = ({ serve, needs }: Method): Serve => {
    if (!authorize) return (message, call) => serve(broker, new Fields(message), call);
    return (message, call) => {
      const request = new Fields(message);
      for (const [permission, resource] of needs(request, broker))
        authorize(call.header, permission, resource);
      return serve(broker, request, call);
    };
  };
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, serveOf(method)]));
}

/** A method that takes one permission on the resource that a field names. */
export function onField(permission: string, field: string): Method['needs'] {
  return (request) => [[permission, request.text(field)]];
}

export function required(request: Fields, name: string): Fields {
  const child = request.child(name);
  if (!child) throw new StatusError('INVALID_ARGUMENT', `Missing ${request.pathOf(name)} in the request.`);
  return child;
}

export function readPage(request: Fields): PageRequest {
  return { pageSize: request.integer('pageSize'), pageToken: request.text('pageToken') };
}

export function writePage<T>(name: string, { items, nextPageToken }: Page<T>, write: (item: T) => unknown) {
  return { [name]: items.map(write), nextPageToken };
}

/** `projects/p` of a resource's name. */
export function projectNameOf(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}
