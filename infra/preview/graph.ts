import type { Json } from '../../shared/contract/json.ts';

/** A resource as the program registered it: what Pulumi's engine is told. */
export interface GraphResource {
  readonly urn: string;
  /** `gcp:pubsub/topic:Topic`, or the type of a component: `mesh:Messaging`. */
  readonly type: string;
  readonly name: string;
  /** False for a component, which only groups. */
  readonly custom: boolean;
  /** The URN of the component that it belongs to. */
  readonly parent?: string;
  /** Its arguments. A secret is `SECRET`. */
  readonly inputs: Readonly<Record<string, Json>>;
  /** Where its arguments hold secrets: `sensitiveLabels.serviceKey`. */
  readonly secrets: readonly string[];
  /** URNs of what has to be there before it. */
  readonly dependencies: readonly string[];
  /** The same, for each argument that is computed from others. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly protect: boolean;
  /** Whether the old one goes before the new one is made, where it has to be replaced. */
  readonly deleteBeforeReplace: boolean;
  /** The URN of the provider that makes it. */
  readonly provider?: string;
  /** Of the provider's package. */
  readonly version?: string;
}

/** Everything that a stack's program registers. */
export interface Graph {
  readonly stack: string;
  readonly project: string;
  readonly resources: readonly GraphResource[];
  readonly outputs: Readonly<Record<string, Json>>;
}

/** Stands where a secret is. */
export const SECRET = '[secret]';

/** The last part of a URN: the name that the program gave. */
export const nameOf = (urn: string) => urn.slice(urn.lastIndexOf('::') + 2);

/** `gcp:pubsub/topic:Topic` as `pubsub.Topic`; a component's type as it is. */
export function shortType(type: string): string {
  const [, module, name] = /^gcp:([^/]+)\/[^:]+:(.+)$/.exec(type) ?? [];
  return module === undefined ? type : `${module}.${name}`;
}

/** The resources of a type, by its short name. */
export function ofType(graph: Graph, type: string): GraphResource[] {
  return graph.resources.filter((resource) => shortType(resource.type) === type);
}
