import { PatchMismatch } from './patch.ts';

/** A node of protobufjs's JSON: a namespace, message, enum or service (https://github.com/protobufjs/protobuf.js#using-json-descriptors). */
interface Node {
  readonly nested?: Readonly<Record<string, Node>>;
  readonly fields?: Readonly<Record<string, Field>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly methods?: Readonly<Record<string, Method>>;
  readonly extend?: string;
}

interface Field {
  readonly type: string;
  readonly keyType?: string;
}

interface Method {
  readonly requestType: string;
  readonly responseType: string;
}

/**
 * A description with `services`, the messages that they speak of, and nothing else: a client's start turns the whole description into
 * objects, and hashes it.
 *
 * @throws PatchMismatch naming what is not in it
 */
export function pruneProtos(root: Node, services: readonly string[]): Node {
  const kept = new Set<string>();
  const waiting = services.map((name) => resolve(root, name, []));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const name = path.join('.');
    if (kept.has(name)) continue;
    kept.add(name);
    waiting.push(...namedIn(at(root, path)).map((type) => resolve(root, type, path)));
  }
  return prune(root, [], kept) ?? {};
}

/** The types that a node names, as it writes them. */
function namedIn({ fields = {}, methods = {} }: Node): string[] {
  return [
    ...Object.values(fields).map(({ type }) => type),
    ...Object.values(methods).flatMap(({ requestType, responseType }) => [requestType, responseType]),
  ].filter((type) => !SCALARS.has(type));
}

const SCALARS = new Set(
  'double float int32 uint32 sint32 fixed32 sfixed32 int64 uint64 sint64 fixed64 sfixed64 string bool bytes'.split(
    ' ',
  ),
);

/** Where the type is that is called `name` in the node at `path`: in it, or in what it is in. */
function resolve(root: Node, name: string, path: readonly string[]): readonly string[] {
  const parts = name.replace(/^\./, '').split('.');
  for (let length = name.startsWith('.') ? 0 : path.length; length >= 0; length -= 1) {
    const found = [...path.slice(0, length), ...parts];
    if (find(root, found)) return found;
  }
  throw new PatchMismatch(`it does not describe ${name}, which ${path.join('.') || 'a function'} needs`);
}

function find(root: Node, path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>((node, part) => node?.nested?.[part], root);
}

function at(root: Node, path: readonly string[]): Node {
  return find(root, path) ?? {};
}

/** The node without what is not kept; undefined where nothing of it is. */
function prune(node: Node, path: readonly string[], kept: ReadonlySet<string>): Node | undefined {
  const nested = Object.entries(node.nested ?? {}).flatMap(([name, child]) => {
    const left = prune(child, [...path, name], kept);
    return left ? [[name, left] as const] : [];
  });
  const { nested: _all, ...own } = node;
  if (kept.has(path.join('.')))
    return { ...own, ...(nested.length > 0 && { nested: Object.fromEntries(nested) }) };
  // A namespace keeps its settings; of a message that only holds another one its name is left.
  const namespace = !node.fields && !node.methods;
  return nested.length > 0 ? { ...(namespace && own), nested: Object.fromEntries(nested) } : undefined;
}
