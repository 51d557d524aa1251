import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Contract } from '../shared/contract/agent.ts';
import { eventsTopic, topicOf } from '../shared/contract/names.ts';
import { computeTopology } from '../shared/topology.ts';
import type { Bundles } from './bundles.ts';
import { checkSite } from './check-site.ts';
import { AgentFunction } from './components/agent-function.ts';
import { ArtifactStorage } from './components/artifact-storage.ts';
import { AuditLogs } from './components/audit-logs.ts';
import { Budget } from './components/budget.ts';
import { BuildIdentity } from './components/build-identity.ts';
import { Database } from './components/database.ts';
import { DeliveryIdentity } from './components/delivery-identity.ts';
import { EgressControl } from './components/egress-control.ts';
import { Keys } from './components/keys.ts';
import { Messaging } from './components/messaging.ts';
import { Monitoring } from './components/monitoring.ts';
import { ProjectServices } from './components/project-services.ts';
import { Secrets } from './components/secrets.ts';
import { Timers } from './components/timers.ts';
import type { Config } from './config.ts';
import type { Site } from './site.ts';

export interface MeshArgs {
  readonly stack: string;
  readonly config: Config;
  readonly contracts: readonly Contract[];
  readonly bundles: Bundles;
  readonly pagerDutyKey?: pulumi.Output<string> | undefined;
}

/**
 * An environment: everything that the agents of these contracts need to run, in one project.
 *
 * @throws MeshError `ConfigurationInvalid`, `ContractInvalid`, before any resource is asked for
 */
export function deployMesh({ stack, config, contracts, bundles, pagerDutyKey }: MeshArgs) {
  const { project, region, prefix } = config;
  const topology = computeTopology(contracts, {
    project,
    prefix,
    location: region,
    database: config.firestore.database,
    keyPer: config.encryption.keyPer,
  });
  checkSite(config, topology, bundles, stack);

  const provider = new gcp.Provider('google', {
    project,
    region,
    // Budgets and some others want to know on whose account they are called.
    userProjectOverride: true,
    billingProject: project,
    defaultLabels: { mesh: prefix, stack: labelOf(stack) },
  });
  const google = { provider };
  const { number: projectNumber } = gcp.organizations.getProjectOutput({ projectId: project }, google);
  const { ready } = new ProjectServices(
    'services',
    { config, encrypts: topology.keys !== undefined },
    google,
  );
  const site: Site = { stack, config, topology, bundles, projectNumber, ready };

  const storage = new ArtifactStorage('artifacts', site, google);
  const build =
    config.functions.mode === 'function' ? new BuildIdentity('build', { site, storage }, google) : undefined;
  const egress =
    config.egress.mode === 'restricted'
      ? new EgressControl('egress', { site, egress: config.egress }, google)
      : undefined;
  const functions = topology.functions.map(
    (planned) => new AgentFunction(planned.agent, { site, planned, storage, build, egress }, google),
  );
  const messaging = new Messaging('messaging', { site, functions }, google);
  const database = new Database('database', { site, functions }, google);
  if (topology.keys) new Keys('keys', { site, keys: topology.keys, functions }, google);
  new Secrets('secrets', { site, functions }, google);
  const timers = new Timers('timers', { site, functions, messaging }, google);
  const monitoring = new Monitoring('monitoring', { site, functions, pagerDutyKey }, google);
  if (config.budget)
    new Budget('budget', { site, budget: config.budget, channels: monitoring.channels }, google);
  new AuditLogs('audit', { site }, google);
  const delivery = config.delivery
    ? new DeliveryIdentity('delivery', { site, delivery: config.delivery, functions, build }, google)
    : undefined;

  const console = (page: string) => `https://console.cloud.google.com/${page}?project=${project}`;
  return {
    topics: Object.fromEntries([
      ...topology.functions.map(({ agent }) => [agent, messaging.topic(topicOf(prefix, agent)).id] as const),
      ['events', messaging.topic(eventsTopic(prefix)).id],
    ]),
    functions: Object.fromEntries(functions.map(({ agent, uri }) => [agent, uri])),
    database: database.database.id,
    queue: timers.queue.id,
    bundles: storage.bucket.url,
    images: storage.images.id,
    ...(delivery && {
      delivery: {
        provider: delivery.provider,
        preview: delivery.preview.email,
        deploy: delivery.deploy.email,
      },
    }),
    console: {
      functions: console('run'),
      subscriptions: console('cloudpubsub/subscription/list'),
      database: console(
        `firestore/databases/${config.firestore.database === '(default)' ? '-default-' : config.firestore.database}/data`,
      ),
      timers: console('cloudtasks'),
      schedules: console('cloudscheduler'),
      alerts: console('monitoring/alerting'),
      logs: console('logs/query'),
      dashboard: pulumi.interpolate`https://console.cloud.google.com/monitoring/dashboards/builder/${monitoring.dashboard.id.apply((id) => id.slice(id.lastIndexOf('/') + 1))}?project=${project}`,
    },
  };
}

/** A stack may be called what no label may hold (https://docs.cloud.google.com/resource-manager/docs/labels-overview). */
const labelOf = (stack: string) =>
  stack
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '-')
    .slice(0, 63);
