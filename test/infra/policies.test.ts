import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, type GraphResource, shortType } from '../../infra/preview/graph.ts';
import { breachesOf, policies } from '../../infra/preview/policies/index.ts';
import type { Json } from '../../shared/contract/json.ts';
import { capture, PATIENCE_MS } from './stacks.ts';

/** A graph that may be spoilt. */
type Draft = { -readonly [K in keyof Omit<Graph, 'resources'>]: Graph[K] } & { resources: DraftResource[] };
type DraftResource = { -readonly [K in keyof Omit<GraphResource, 'inputs'>]: GraphResource[K] } & {
  inputs: Record<string, Json>;
};
type Spoil = (draft: Draft) => void;

let sound: Graph;
let imaged: Graph;
beforeAll(async () => {
  const functions = { memory: '512Mi', cpu: 1, minInstances: 0, maxInstances: 5 };
  [sound, imaged] = await Promise.all([
    capture('prod'),
    capture('prod', {
      config: {
        'agent-mesh:functions': JSON.stringify({ mode: 'image', ...functions }),
        'agent-mesh:pagerDutyKey': 'R0UT1NGKEY',
      },
      secretKeys: ['agent-mesh:pagerDutyKey'],
    }),
  ]);
}, PATIENCE_MS);

/** Of a type, the first, or the one of a name. */
function find(draft: Draft, type: string, name?: string): DraftResource {
  const found = draft.resources.find(
    (each) => shortType(each.type) === type && (name === undefined || each.name === name),
  );
  if (!found) throw new Error(`there is no ${type} ${name ?? ''}`);
  return found;
}

/** Sets an argument, by its path: `serviceConfig.ingressSettings`. Undefined removes it. */
const set =
  (type: string, path: string, value: Json | undefined, name?: string): Spoil =>
  (draft) => {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let at: Record<string, Json> | Json[] = find(draft, type, name).inputs;
    for (const key of keys) at = (at as Record<string, Json>)[key] as Record<string, Json>;
    const map = at as Record<string, Json>;
    if (value === undefined) delete map[last];
    else map[last] = value;
  };

/** Leaves out all of a type, or the one of a name. */
const without =
  (type: string, name?: string): Spoil =>
  (draft) => {
    draft.resources = draft.resources.filter(
      (each) => shortType(each.type) !== type || (name !== undefined && each.name !== name),
    );
  };

/** Adds a resource like the first of a type. */
const add =
  (type: string, like: string, inputs: Record<string, Json>): Spoil =>
  (draft) => {
    const model = find(draft, like);
    draft.resources.push({
      ...model,
      type,
      name: 'odd',
      urn: `${model.urn}-odd`,
      inputs: { ...model.inputs, ...inputs },
    });
  };

const mark =
  (type: string, marks: Partial<GraphResource>, name?: string): Spoil =>
  (draft) =>
    void Object.assign(find(draft, type, name), marks);

const member = 'serviceAccount:somebody@elsewhere.iam.gserviceaccount.com';
const elsewhere: Spoil = (draft) => {
  draft.stack = 'dev';
};
const all =
  (...spoils: readonly Spoil[]): Spoil =>
  (draft) => {
    for (const spoil of spoils) spoil(draft);
  };
const unprotected: Spoil = (draft) => {
  for (const each of draft.resources) each.protect = false;
};

/** For each rule, graphs that break it. */
const breakers: Readonly<Record<string, readonly Spoil[]>> = {
  'nothing is granted to everybody': [
    set('cloudrunv2.ServiceIamMember', 'member', 'allUsers'),
    set('pubsub.TopicIAMMember', 'member', 'allAuthenticatedUsers'),
  ],
  'no basic role is granted': [set('projects.IAMMember', 'role', 'roles/editor')],
  'no role of an administrator is granted on the project': [
    set('projects.IAMMember', 'role', 'roles/pubsub.admin'),
    set('projects.IAMMember', 'role', 'roles/iam.serviceAccountTokenCreator'),
  ],
  'a grant adds to those of others and replaces none': [
    add('gcp:projects/iAMBinding:IAMBinding', 'projects.IAMMember', {}),
    add('gcp:pubsub/topicIAMPolicy:TopicIAMPolicy', 'pubsub.TopicIAMMember', {}),
  ],
  'no account has a key': [add('gcp:serviceaccount/key:Key', 'serviceaccount.Account', {})],
  'keys are used by functions alone, which may not manage them, and are given new versions by themselves': [
    set('projects.IAMMember', 'role', 'roles/cloudkms.cryptoKeyEncrypterDecrypter'),
    add('gcp:kms/keyRingIAMMember:KeyRingIAMMember', 'projects.IAMMember', {
      keyRingId: 'mesh',
      role: 'roles/cloudkms.admin',
    }),
    add('gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember', 'projects.IAMMember', {
      cryptoKeyId: 'acme',
      member,
      role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter',
    }),
    add('gcp:kms/cryptoKey:CryptoKey', 'pubsub.Topic', {}),
  ],
  'grants go to accounts of the stack, to Google, and to the repository that delivers': [
    set('secretmanager.SecretIamMember', 'member', member),
  ],
  'publishing and reading secrets is granted on single topics and secrets': [
    set('projects.IAMMember', 'role', 'roles/pubsub.publisher'),
    set('projects.IAMMember', 'role', 'roles/secretmanager.secretAccessor'),
  ],
  'using a database is granted for the one that the stack makes': [
    set('projects.IAMMember', 'condition', undefined, 'orders-database'),
    set('projects.IAMMember', 'condition.expression', 'true', 'orders-database'),
  ],
  'each function runs as an account of its own': [
    set('cloudfunctionsv2.Function', 'serviceConfig.serviceAccountEmail', undefined),
    set(
      'cloudfunctionsv2.Function',
      'serviceConfig.serviceAccountEmail',
      'mesh-payments@agent-mesh-prod.iam.gserviceaccount.com',
      'orders',
    ),
    set(
      'cloudfunctionsv2.Function',
      'serviceConfig.serviceAccountEmail',
      'mesh-orders-push@agent-mesh-prod.iam.gserviceaccount.com',
      'orders',
    ),
  ],
  'a function is called by the account that pushes to it, and by nobody else': [
    without('cloudrunv2.ServiceIamMember', 'orders-invoker'),
    set(
      'cloudrunv2.ServiceIamMember',
      'member',
      'serviceAccount:mesh-payments-push@agent-mesh-prod.iam.gserviceaccount.com',
      'orders-invoker',
    ),
    add('gcp:cloudrunv2/serviceIamMember:ServiceIamMember', 'cloudrunv2.ServiceIamMember', { member }),
  ],
  'deliveries are known by the numbers of their repository, and what changes by its environment too': [
    set(
      'iam.WorkloadIdentityPoolProvider',
      'attributeCondition',
      'assertion.repository == "owner/agent-mesh"',
    ),
    set(
      'serviceaccount.IAMMember',
      'member',
      'principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/attribute.repository_id/1',
      'forge-as-deploy',
    ),
    set(
      'serviceaccount.IAMMember',
      'member',
      'principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/*',
      'forge-as-preview',
    ),
  ],
  'who previews may change nothing, and who deploys may not grant at will': [
    set('projects.IAMCustomRole', 'permissions', ['pubsub.topics.delete'], 'preview'),
    set('projects.IAMMember', 'condition', undefined, 'deploy-grants'),
    set('projects.IAMCustomRole', 'permissions', ['iam.roles.update'], 'deploy'),
  ],
  'no subscription expires': [
    set('pubsub.Subscription', 'expirationPolicy.ttl', '2678400s'),
    set('pubsub.Subscription', 'expirationPolicy', undefined, 'mesh-dead-letters-dead'),
  ],
  'each push carries a token for just its endpoint': [
    set('pubsub.Subscription', 'pushConfig.oidcToken', undefined),
    set('pubsub.Subscription', 'pushConfig.oidcToken.audience', 'https://elsewhere.example.com'),
  ],
  'each push is tried again, ever later': [
    set('pubsub.Subscription', 'retryPolicy', undefined),
    set('pubsub.Subscription', 'retryPolicy.maximumBackoff', '601s'),
  ],
  'each push has a dead-letter topic, and 5 to 100 attempts before it': [
    set('pubsub.Subscription', 'deadLetterPolicy', undefined),
    set('pubsub.Subscription', 'deadLetterPolicy.maxDeliveryAttempts', 4),
    set(
      'pubsub.Subscription',
      'deadLetterPolicy.deadLetterTopic',
      'projects/agent-mesh-prod/topics/mesh-orders',
      'mesh-orders',
    ),
  ],
  'a filter has at most 256 bytes': [
    set('pubsub.Subscription', 'filter', `attributes.ce-type="${'é'.repeat(120)}"`),
  ],
  'a filter, which can not be changed, is told apart by the name of its subscription': [
    set('pubsub.Subscription', 'filter', 'attributes.ce-type="a"', 'mesh-orders'),
  ],
  'each topic has a subscription': [without('pubsub.Subscription', 'mesh-dead-letters-dead')],
  'a function is given up on before its message is delivered again': [
    set('cloudfunctionsv2.Function', 'serviceConfig.timeoutSeconds', 3600),
    set('pubsub.Subscription', 'ackDeadlineSeconds', 10, 'mesh-orders'),
  ],
  'Pub/Sub may forward to each dead-letter topic, from each subscription, and push as each account': [
    without('pubsub.TopicIAMMember', 'pubsub-to-mesh-orders-dead'),
    without('pubsub.SubscriptionIAMMember', 'pubsub-from-mesh-orders'),
    without('serviceaccount.IAMMember', 'orders-push-tokens'),
  ],
  'somebody is told of each dead letter, and of each that nobody takes': [
    without('monitoring.AlertPolicy', 'dead-letters'),
    without('monitoring.AlertPolicy', 'dead-letters-unrecorded'),
  ],
  'agents publish to topics, each by a grant of its own, and so do Pub/Sub and Scheduler': [
    set(
      'pubsub.TopicIAMMember',
      'member',
      'serviceAccount:mesh-build@agent-mesh-prod.iam.gserviceaccount.com',
    ),
  ],
  'each secret is read by a function, and by functions alone': [
    without('secretmanager.SecretIamMember', 'payments-reads-stripe-api-key'),
    set('secretmanager.SecretIamMember', 'role', 'roles/secretmanager.secretVersionManager'),
    without('secretmanager.Secret', 'stripe-api-key'),
    set(
      'secretmanager.SecretIamMember',
      'member',
      'serviceAccount:mesh-deploy@agent-mesh-prod.iam.gserviceaccount.com',
    ),
  ],
  'the version that a function is told of is one of a secret that it may read': [
    set(
      'cloudfunctionsv2.Function',
      'serviceConfig.environmentVariables.MESH_SECRET_VERSIONS',
      'stripe-api-key=1',
      'orders',
    ),
    set(
      'cloudfunctionsv2.Function',
      'serviceConfig.environmentVariables.MESH_SECRET_VERSIONS',
      'stripe-api-key=latest',
      'payments',
    ),
  ],
  'no value of a secret passes through the program': [
    add('gcp:secretmanager/secretVersion:SecretVersion', 'secretmanager.Secret', { secretData: 'x' }),
    set('monitoring.NotificationChannel', 'sensitiveLabels', { authToken: 'plain' }),
  ],
  'buckets are governed as one, and can not be made public': [
    set('storage.Bucket', 'uniformBucketLevelAccess', false),
    set('storage.Bucket', 'publicAccessPrevention', 'inherited'),
  ],
  'a database of production is protected, backed up, and can be put back to any minute of a week': [
    mark('firestore.Database', { protect: false }),
    set('firestore.Database', 'deleteProtectionState', 'DELETE_PROTECTION_DISABLED'),
    set('firestore.Database', 'pointInTimeRecoveryEnablement', 'POINT_IN_TIME_RECOVERY_DISABLED'),
    without('firestore.BackupSchedule', 'weekly'),
  ],
  'a database elsewhere can be destroyed and made again': [elsewhere],
  'what holds data is protected in production, and nothing is elsewhere': [
    mark('storage.Bucket', { protect: false }),
    mark('secretmanager.Secret', { protect: false }),
    elsewhere,
    all(elsewhere, unprotected, mark('pubsub.Topic', { protect: true })),
  ],
  'what expires is deleted by its time alone, which is no index': [
    set('firestore.Field', 'indexConfig', undefined),
    set('firestore.Field', 'ttlConfig', undefined),
  ],
  'a function is reached from inside the project alone': [
    set('cloudfunctionsv2.Function', 'serviceConfig.ingressSettings', 'ALLOW_ALL'),
    set('cloudfunctionsv2.Function', 'serviceConfig.ingressSettings', undefined),
  ],
  'a function has a number of instances that it may not pass, and says how many messages each handles': [
    set('cloudfunctionsv2.Function', 'serviceConfig.maxInstanceCount', undefined),
    set('cloudfunctionsv2.Function', 'serviceConfig.maxInstanceRequestConcurrency', undefined),
  ],
  'no environment variable is a secret': [
    set('cloudfunctionsv2.Function', 'serviceConfig.environmentVariables.STRIPE_API_KEY', 'x'),
    set('cloudfunctionsv2.Function', 'serviceConfig.environmentVariables.STRIPE', 'sk_live_abc'),
  ],
  'a bundle is named by its content, and none is deleted after another took its name': [
    set('storage.BucketObject', 'name', 'orders.zip'),
    mark('storage.BucketObject', { deleteBeforeReplace: false }),
    mark('storage.BucketObject', { name: 'orders-bundle' }),
  ],
  'where there is a network, all that a function sends goes through it, and what is not allowed is refused': [
    set('cloudfunctionsv2.Function', 'serviceConfig.directVpcEgress', 'VPC_EGRESS_PRIVATE_RANGES_ONLY'),
    without('compute.NetworkFirewallPolicyRule', 'deny-all'),
    without('compute.NetworkFirewallPolicyAssociation'),
    set('compute.NetworkFirewallPolicyRule', 'match.destIpRanges', ['0.0.0.0/0'], 'allow-google-apis'),
    set('compute.Subnetwork', 'privateIpGoogleAccess', false),
    set('compute.Subnetwork', 'ipCidrRange', '10.8.0.0/28'),
    set('compute.Network', 'autoCreateSubnetworks', true),
  ],
  'who did what is kept apart': [without('logging.ProjectSink')],
  'a budget counts this project, by its number': [
    set('billing.Budget', 'budgetFilter.projects', ['projects/agent-mesh-prod']),
    set('billing.Budget', 'budgetFilter', undefined),
  ],
  'in production an alert reaches somebody': [set('monitoring.AlertPolicy', 'notificationChannels', [])],
  'an alert on a metric that has no values yet is not refused': [
    (draft) => {
      find(draft, 'monitoring.AlertPolicy', 'latency').inputs.conditions = [
        { conditionPrometheusQueryLanguage: { query: 'x' } },
      ];
    },
  ],
  'an API that is switched on stays on': [set('projects.Service', 'disableOnDestroy', true)],
  'a resource is made after the API that makes it was switched on': [
    without('projects.Service', 'pubsub'),
    mark('firestore.Database', { dependencies: [] }),
  ],
  'each resource belongs to a component, and is made by the provider of the stack': [
    mark('pubsub.Topic', { parent: 'urn:pulumi:prod::agent-mesh::pulumi:pulumi:Stack::agent-mesh-prod' }),
    mark('pubsub.Topic', { provider: 'urn:pulumi:prod::agent-mesh::pulumi:providers:gcp::default' }),
    mark('pubsub.Topic', { version: '8.0.0' }),
  ],
};

/** The same, of functions that are images. */
const imageBreakers: Readonly<Record<string, readonly Spoil[]>> = {
  'an image is pinned by its digest': [
    (draft) => {
      const containers = [{ image: 'us-docker.pkg.dev/p/mesh/orders:latest', resources: { cpuIdle: true } }];
      find(draft, 'cloudrunv2.Service').inputs.template = { containers };
    },
  ],
  'Cloud Run does not bill an instance that has nothing to do': [
    (draft) => {
      find(draft, 'cloudrunv2.Service').inputs.template = {
        containers: [{ image: 'scratch', resources: {} }],
      };
    },
  ],
  'a function is reached from inside the project alone': [
    set('cloudrunv2.Service', 'ingress', 'INGRESS_TRAFFIC_ALL'),
  ],
  'each function runs as an account of its own': [
    set('cloudrunv2.Service', 'template.serviceAccount', undefined),
  ],
  'no value of a secret passes through the program': [
    mark('monitoring.NotificationChannel', { secrets: [] }, 'pagerduty'),
  ],
};

test('the key of those on call is marked as a secret, and is nowhere else', () => {
  const told = imaged.resources.filter(({ secrets }) => secrets.length > 0);
  expect(told.map(({ name, secrets }) => [name, secrets])).toEqual([
    ['pagerduty', ['sensitiveLabels.serviceKey']],
  ]);
  expect(JSON.stringify(imaged)).not.toContain('R0UT1NGKEY');
});

test('a stack of images keeps every rule', () => {
  expect(breachesOf(imaged)).toEqual([]);
  const images = imaged.resources.filter(({ type }) => shortType(type) === 'cloudrunv2.Service');
  expect(images.map(({ name }) => name)).toContain('orders');
  expect(imaged.resources.some(({ type }) => shortType(type) === 'storage.BucketObject')).toBe(false);
});

test('every rule has a graph that breaks it', () => {
  const broken = new Set([...Object.keys(breakers), ...Object.keys(imageBreakers)]);
  expect(policies.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
});

describe.each([
  ['functions', () => sound, breakers],
  ['images', () => imaged, imageBreakers],
])('of a stack of %s', (_what, graph, table) => {
  const cases = Object.entries(table).flatMap(([name, spoils]) =>
    spoils.map((spoil, at) => [name, at + 1, spoil] as const),
  );
  test.each(cases)('the rule “%s” is broken by graph %i', (name, _at, spoil) => {
    const policy = policies.find((each) => each.name === name);
    expect(policy?.breaches(graph()), 'before').toEqual([]);
    const draft = structuredClone(graph()) as unknown as Draft;
    spoil(draft);
    expect(policy?.breaches(draft as unknown as Graph)).not.toEqual([]);
  });
});
