import type { Json } from '../../shared/contract/json.ts';
import { type Graph, type GraphResource, nameOf, shortType } from './graph.ts';

/** What is different of one resource. */
export interface ResourceChange {
  /** What the resource is known by in both graphs: its URN without the stack. */
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Of a change: the arguments that differ, by their paths. Undefined where one side lacks it. */
  readonly properties: readonly {
    readonly path: string;
    readonly from?: Json | undefined;
    readonly to?: Json | undefined;
  }[];
}

/**
 * What would change on the way from one graph to another. The project's own id, by which the stacks of a mesh differ throughout, is the
 * same to it: `{project}`.
 */
export function diffGraphs(from: Graph, to: Graph): ResourceChange[] {
  const [before, after] = [byId(from), byId(to)];
  const ids = [...new Set([...before.keys(), ...after.keys()])].sort();
  return ids.flatMap((id): ResourceChange[] => {
    const [old, now] = [before.get(id), after.get(id)];
    const known = now ?? old;
    if (!known) return [];
    const told = { id, type: shortType(known.type), name: known.name };
    if (!old) return [{ ...told, change: 'added', properties: [] }];
    if (!now) return [{ ...told, change: 'removed', properties: [] }];
    const properties = changesOf(comparable(old, from), comparable(now, to), '');
    return properties.length > 0 ? [{ ...told, change: 'changed', properties }] : [];
  });
}

/** A resource's URN without the stack that it is of. */
export const idOf = (urn: string) => urn.split('::').slice(2).join('::');

function byId({ resources }: Graph): Map<string, GraphResource> {
  return new Map(resources.map((resource) => [idOf(resource.urn), resource]));
}

/** What of a resource is compared: its arguments, and what the engine is told besides. */
function comparable(
  { inputs, protect, dependencies, secrets }: GraphResource,
  { project, stack }: Graph,
): Json {
  const text = JSON.stringify({
    ...inputs,
    ...(protect && { '(protected)': true }),
    ...(secrets.length > 0 && { '(secret)': [...secrets] }),
    '(after)': dependencies.map((urn) => `${shortType(typeOf(urn))} ${nameOf(urn)}`),
  });
  // The label is within a text of JSON.
  const same = text
    .replaceAll(project, '{project}')
    .replaceAll(String.raw`\"stack\":\"${stack}\"`, String.raw`\"stack\":\"{stack}\"`);
  return JSON.parse(same) as Json;
}

/** The type of the resource that a URN names. */
export function typeOf(urn: string): string {
  const [, , types = ''] = urn.split('::');
  return types.slice(types.lastIndexOf('$') + 1);
}

type Changes = { path: string; from?: Json | undefined; to?: Json | undefined }[];

function changesOf(from: Json | undefined, to: Json | undefined, path: string): Changes {
  if (isMap(from) && isMap(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return keys.flatMap((key) => changesOf(from[key], to[key], path ? `${path}.${key}` : key));
  }
  if (JSON.stringify(from) === JSON.stringify(to)) return [];
  // An order tells something in some lists: one that differs is told whole, unless its maps can be told one by one.
  if (
    Array.isArray(from) &&
    Array.isArray(to) &&
    from.length === to.length &&
    from.every(isMap) &&
    to.every(isMap)
  )
    return from.flatMap((item, at) => changesOf(item, to[at], `${path}[${at}]`));
  return [{ path, from, to }];
}

function isMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
