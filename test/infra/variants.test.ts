import { beforeAll, describe, expect, test } from 'vitest';
import { diffGraphs, type ResourceChange } from '../../infra/preview/diff.ts';
import { type Graph, ofType } from '../../infra/preview/graph.ts';
import { breachesOf } from '../../infra/preview/policies/index.ts';
import { fields, list } from '../../infra/preview/policy.ts';
import { attempt, capture, PATIENCE_MS } from './stacks.ts';
import { misfits } from './typings.ts';

describe('an agent more', () => {
  let changes: ResourceChange[];
  let more: Graph;
  beforeAll(async () => {
    const config = { 'agent-mesh:settings': '{"ANOTHER_PLACE":"here"}' };
    const main = 'test/infra/programs/another-agent.ts';
    const [before, after] = await Promise.all([capture('dev'), capture('dev', { main, config })]);
    more = after;
    changes = diffGraphs(before, after);
  }, PATIENCE_MS);

  const added = () =>
    changes.filter(({ change }) => change === 'added').map(({ type, name }) => `${type} ${name}`);

  test('brings its function, with its bundle, accounts, caller and settings', () => {
    expect(added()).toEqual(
      expect.arrayContaining([
        'cloudfunctionsv2.Function another',
        expect.stringMatching(/^storage\.BucketObject another-bundle-[0-9a-f]{8}$/),
        'serviceaccount.Account another',
        'serviceaccount.Account another-push',
        'cloudrunv2.ServiceIamMember another-invoker',
      ]),
    );
    const service = ofType(more, 'cloudfunctionsv2.Function').find(({ name }) => name === 'another');
    const env = fields(fields(service?.inputs.serviceConfig).environmentVariables);
    expect(env).toMatchObject({ MESH_AGENT: 'another', ANOTHER_PLACE: 'here' });
  });

  test('brings its topics and subscriptions: of its own, of events by a filter, and of dead letters, which are kept', () => {
    expect(added()).toEqual(
      expect.arrayContaining([
        'pubsub.Topic mesh-another',
        'pubsub.Topic mesh-another-dead',
        'pubsub.Subscription mesh-another',
        'pubsub.Subscription mesh-another-dead',
      ]),
    );
    const events = ofType(more, 'pubsub.Subscription').filter(({ name }) =>
      name.startsWith('mesh-another-events-'),
    );
    expect(events.map(({ inputs }) => inputs.filter)).toEqual(['attributes.ce-type="orders.fulfilled"']);
  });

  test('brings its grants, and those of who may answer it', () => {
    expect(added().filter((each) => /IAMMember|IamMember/.test(each))).toEqual(
      expect.arrayContaining([
        'pubsub.TopicIAMMember another-to-mesh-payments',
        'pubsub.TopicIAMMember payments-to-mesh-another',
        'pubsub.TopicIAMMember pubsub-to-mesh-another-dead',
        'pubsub.SubscriptionIAMMember pubsub-from-mesh-another',
        'secretmanager.SecretIamMember another-reads-another-key',
        'projects.IAMMember another-database',
        'cloudtasks.QueueIamMember another-sets-timers',
        'serviceaccount.IAMMember another-push-tokens',
        'serviceaccount.IAMMember deploy-as-another',
      ]),
    );
  });

  test('brings its secret, its schedule, its objective, and is in every alert', () => {
    expect(added()).toEqual(
      expect.arrayContaining([
        'secretmanager.Secret another-key',
        'cloudscheduler.Job another-nightly',
        'monitoring.Slo another-availability',
        'monitoring.AlertPolicy another-burn',
      ]),
    );
    const watched = ofType(more, 'monitoring.AlertPolicy').flatMap(({ inputs }) =>
      list(inputs.conditions).flatMap((condition) => {
        const query = fields(fields(condition).conditionPrometheusQueryLanguage).query;
        return typeof query === 'string' ? [query] : [];
      }),
    );
    expect(watched.length).toBeGreaterThan(8);
    for (const query of watched) expect(query).toMatch(/mesh-another\b/);
  });

  test('changes nothing of the others but who may answer it and what is watched', () => {
    const changed = changes.filter(({ change }) => change !== 'added');
    const told = changed.map(
      ({ type, name, properties }) => `${type} ${name} ${properties.map(({ path }) => path).join(' ')}`,
    );
    const expected =
      /^monitoring\.|^cloudfunctionsv2\.Function (payments|dead-letters) serviceConfig\.environmentVariables\.MESH_CALLERS$/;
    expect(told.filter((each) => !expected.test(each))).toEqual([]);
  });

  test('breaks no rule', () => {
    expect(breachesOf(more)).toEqual([]);
  });
});

test(
  'in the mode run-zip the bundle runs as it is, and starts with more processor',
  async () => {
    const functions = { mode: 'run-zip', memory: '1Gi', cpu: 2, minInstances: 1, maxInstances: 7 };
    const graph = await capture('staging', { config: { 'agent-mesh:functions': JSON.stringify(functions) } });
    expect(breachesOf(graph)).toEqual([]);
    expect(ofType(graph, 'cloudrunv2.Service').flatMap((each) => misfits(each).misfits)).toEqual([]);
    expect(ofType(graph, 'cloudfunctionsv2.Function')).toEqual([]);
    expect(ofType(graph, 'projects.Service').map(({ name }) => name)).not.toContain('cloudbuild');
    const [orders] = ofType(graph, 'cloudrunv2.Service').filter(({ name }) => name === 'orders');
    expect(orders?.inputs).toMatchObject({
      scaling: { minInstanceCount: 1, maxInstanceCount: 7 },
      template: {
        maxInstanceRequestConcurrency: 20,
        timeout: '65s',
        vpcAccess: { egress: 'ALL_TRAFFIC' },
        containers: [
          {
            image: 'scratch',
            resources: { cpuIdle: true, startupCpuBoost: true, limits: { memory: '1Gi', cpu: '2' } },
            sourceCode: {
              cloudStorageSource: { object: expect.stringMatching(/^orders\/[0-9a-f]{64}\.tar\.gz$/) },
            },
          },
        ],
      },
    });
  },
  PATIENCE_MS,
);

describe('a stack that is configured wrongly', () => {
  test.each([
    ['an unknown key', { 'agent-mesh:fuctions': '{}' }, 'agent-mesh:fuctions is no key of the configuration'],
    [
      'a secret that no agent uses',
      { 'agent-mesh:secretVersions': '{"stripe":1}' },
      'agent-mesh:secretVersions.stripe is a secret that no agent uses',
    ],
  ])(
    'by %s stops before any resource, in one sentence that says what to do',
    async (_what, config, message) => {
      const { graph, errors, ended } = await attempt('dev', { config });
      expect(graph.resources).toEqual([]);
      expect(ended).not.toBe(0);
      expect(errors).toEqual([expect.stringContaining(message)]);
      expect(errors[0]).toMatch(/Correct it in Pulumi\.dev\.yaml|Remove it/);
      expect(errors[0]).not.toContain('    at ');
    },
    PATIENCE_MS,
  );

  test(
    'or has nothing built, too',
    async () => {
      const { graph, errors } = await attempt('dev', { env: { MESH_BUNDLES: import.meta.dirname } });
      expect(graph.resources).toEqual([]);
      expect(errors).toEqual([expect.stringMatching(/manifest\.json does not exist.*npm run build/)]);
    },
    PATIENCE_MS,
  );
});
