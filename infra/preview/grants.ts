import { type Graph, type GraphResource, shortType } from './graph.ts';

/** That an account may do something to something. */
export interface DeployedGrant {
  /** `serviceAccount:…`, `principal://…`. */
  readonly member: string;
  /** `roles/pubsub.publisher`, or a role of the project's own. */
  readonly role: string;
  /** What it is given on; `project` for the whole of it. */
  readonly on: { readonly kind: GrantKind; readonly name: string };
  /** A CEL expression without which it does not hold. */
  readonly condition?: string;
  readonly urn: string;
}

export type GrantKind =
  | 'project'
  | 'topic'
  | 'subscription'
  | 'secret'
  | 'queue'
  | 'service'
  | 'account'
  | 'bucket'
  | 'repository'
  | 'key'
  | 'key ring';

/** The resource types that grant, what on, and the argument that names it. */
const GRANTING: Readonly<Record<string, { readonly kind: GrantKind; readonly named: string }>> = {
  'projects.IAMMember': { kind: 'project', named: 'project' },
  'pubsub.TopicIAMMember': { kind: 'topic', named: 'topic' },
  'pubsub.SubscriptionIAMMember': { kind: 'subscription', named: 'subscription' },
  'secretmanager.SecretIamMember': { kind: 'secret', named: 'secretId' },
  'cloudtasks.QueueIamMember': { kind: 'queue', named: 'name' },
  'cloudrunv2.ServiceIamMember': { kind: 'service', named: 'name' },
  'serviceaccount.IAMMember': { kind: 'account', named: 'serviceAccountId' },
  'storage.BucketIAMMember': { kind: 'bucket', named: 'bucket' },
  'kms.CryptoKeyIAMMember': { kind: 'key', named: 'cryptoKeyId' },
  'kms.KeyRingIAMMember': { kind: 'key ring', named: 'keyRingId' },
  'artifactregistry.RepositoryIamMember': { kind: 'repository', named: 'repository' },
};

/** Every grant of a graph, whatever resource it is given on. Names are short: a topic's is not preceded by its project. */
export function grantsIn({ resources }: Graph): DeployedGrant[] {
  return resources.flatMap((resource) => {
    const granting = GRANTING[shortType(resource.type)];
    return granting ? [grantOf(resource, granting)] : [];
  });
}

function grantOf(
  { inputs, urn }: GraphResource,
  { kind, named }: { kind: GrantKind; named: string },
): DeployedGrant {
  const { condition } = inputs;
  const name = String(inputs[named]);
  return {
    member: String(inputs.member),
    role: String(inputs.role),
    on: { kind, name: name.slice(name.lastIndexOf('/') + 1) },
    ...(typeof condition === 'object' &&
      condition !== null &&
      !Array.isArray(condition) && { condition: String(condition.expression) }),
    urn,
  };
}
