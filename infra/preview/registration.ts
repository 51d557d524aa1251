import { basename, relative } from 'node:path';
import type resourceMessages from '@pulumi/pulumi/proto/resource_pb.js';
import type { Json } from '../../shared/contract/json.ts';
import { type GraphResource, SECRET } from './graph.ts';

export type Registration = InstanceType<typeof resourceMessages.RegisterResourceRequest>;
/** The class of the SDK's own protobuf runtime, which is no dependency of ours: it is known by its instances. */
export type Struct = NonNullable<ReturnType<Registration['getObject']>>;

/** A struct of the same class as `like`. */
export function structLike(like: Struct, value: Readonly<Record<string, unknown>>): Struct {
  const { fromJavaScript } = like.constructor as unknown as {
    fromJavaScript(value: Readonly<Record<string, unknown>>): Struct;
  };
  return fromJavaScript(value);
}

/** A request to register, as a resource of the graph. Paths of files are told from `root`. */
export function resourceOf(request: Registration, urn: string, root: string): GraphResource {
  const { value, secrets } = plain(request.getObject()?.toJavaScript() ?? {}, root);
  const propertyDependencies = [...request.getPropertydependenciesMap().entries()].flatMap(
    ([property, dependencies]: [string, { getUrnsList(): string[] }]) => {
      const urns = dependencies.getUrnsList();
      return urns.length > 0 ? [[property, urns.toSorted()] as const] : [];
    },
  );
  const [parent, provider, version] = [request.getParent(), request.getProvider(), request.getVersion()];
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    ...(parent && { parent }),
    inputs: value as Readonly<Record<string, Json>>,
    secrets,
    dependencies: request.getDependenciesList().toSorted(),
    propertyDependencies: Object.fromEntries(propertyDependencies),
    protect: request.getProtect() ?? false,
    deleteBeforeReplace: request.getDeletebeforereplace(),
    // A reference is the URN of the provider and its id.
    ...(provider && { provider: provider.slice(0, provider.lastIndexOf('::')) }),
    ...(version && { version }),
  };
}

/** How the SDK marks a value that stands for something else, and as what (its `runtime/rpc.js`). */
const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET_SIGNATURE = '1b47061264138c4ac30d75fd1eb44270';

/** The value without what stands for something else: secrets are told by their paths, files by theirs. */
export function plain(value: unknown, root: string): { readonly value: Json; readonly secrets: string[] } {
  const secrets: string[] = [];
  const walk = (part: unknown, path: string): Json => {
    if (Array.isArray(part)) return part.map((item, at) => walk(item, `${path}[${at}]`));
    if (typeof part !== 'object' || part === null) return (part ?? null) as Json;
    const fields = part as Record<string, unknown>;
    if (fields[SIGNATURE] === SECRET_SIGNATURE) {
      secrets.push(path);
      return SECRET;
    }
    if (SIGNATURE in fields)
      return { file: typeof fields.path === 'string' ? within(root, fields.path) : '' };
    return Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, walk(field, path ? `${path}.${name}` : name)]),
    );
  };
  return { value: walk(value, ''), secrets };
}

/** A path from the root; of a file that is elsewhere, its name. */
function within(root: string, path: string): string {
  const told = relative(root, path);
  return told.startsWith('..') ? basename(path) : told;
}
