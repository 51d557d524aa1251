import type { Json } from '../../shared/contract/json.ts';
import { type Graph, type GraphResource, ofType, shortType } from './graph.ts';

/** A rule that every stack keeps, as a function of its graph. */
export interface Policy {
  readonly name: string;
  /** Each breach in a sentence that names the resource. None is the aim. */
  readonly breaches: (graph: Graph) => string[];
}

/** A function of the graph, in whichever mode it is deployed. */
export interface Workload {
  readonly resource: GraphResource;
  readonly name: string;
  readonly account: string;
  readonly ingress: string;
  readonly maxInstances: unknown;
  readonly concurrency: unknown;
  readonly timeoutSeconds: number;
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly inNetwork: boolean;
  readonly image?: string;
}

export type Fields = Readonly<Record<string, Json>>;

/** A map among the arguments; an empty one where there is none. */
export function fields(value: Json | undefined): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

/** How a breach names a resource. */
export const told = ({ type, name }: GraphResource) => `${shortType(type)} ${name}`;

export function workloadsOf(graph: Graph): Workload[] {
  return [
    ...ofType(graph, 'cloudfunctionsv2.Function').map((resource): Workload => {
      const service = fields(resource.inputs.serviceConfig);
      return {
        resource,
        name: String(resource.inputs.name),
        account: String(service.serviceAccountEmail ?? ''),
        ingress: String(service.ingressSettings ?? ''),
        maxInstances: service.maxInstanceCount,
        concurrency: service.maxInstanceRequestConcurrency,
        timeoutSeconds: Number(service.timeoutSeconds),
        env: Object.entries(fields(service.environmentVariables)).map(([name, value]) => [
          name,
          String(value),
        ]),
        inNetwork: service.directVpcEgress === 'VPC_EGRESS_ALL_TRAFFIC',
      };
    }),
    ...ofType(graph, 'cloudrunv2.Service').map((resource): Workload => {
      const template = fields(resource.inputs.template);
      const container = fields(list(template.containers)[0]);
      return {
        resource,
        name: String(resource.inputs.name),
        account: String(template.serviceAccount ?? ''),
        ingress: String(resource.inputs.ingress ?? ''),
        maxInstances: fields(template.scaling).maxInstanceCount,
        concurrency: template.maxInstanceRequestConcurrency,
        timeoutSeconds: Number.parseFloat(String(template.timeout)),
        env: list(container.envs).map((each) => [String(fields(each).name), String(fields(each).value)]),
        inNetwork: fields(template.vpcAccess).egress === 'ALL_TRAFFIC',
        image: String(container.image),
      };
    }),
  ];
}

/** The emails of the accounts that the graph makes. */
export function accountEmails(graph: Graph): Map<string, GraphResource> {
  return new Map(
    ofType(graph, 'serviceaccount.Account').map((resource) => [
      `${String(resource.inputs.accountId)}@${graph.project}.iam.gserviceaccount.com`,
      resource,
    ]),
  );
}

/** A member's email, without its kind. */
export const emailOf = (member: string) => member.slice(member.indexOf(':') + 1);

/** Whether nothing of the stack may be lost: it is called prod, production, or prod-eu. */
export const isProduction = ({ stack }: Graph) => /^prod(uction)?(-|$)/.test(stack);
