import { grantsIn } from '../../infra/preview/grants.ts';
import { type Graph, ofType } from '../../infra/preview/graph.ts';
import { fields, list } from '../../infra/preview/policy.ts';
import type { Contract } from '../../shared/contract/agent.ts';
import type { Json } from '../../shared/contract/json.ts';
import { subscriptionConfig } from '../../shared/gcp/subscription-config.ts';
import { computeTopology, type Grant, type Topology } from '../../shared/topology.ts';

/** Where a graph is deployed to, as its own stack says it. */
function topologyOf(contracts: readonly Contract[], { project }: Graph): Topology {
  return computeTopology(contracts, { project });
}

/** What the graph would deploy, in the words of the service. */
export function deployed(graph: Graph) {
  const subscriptions = ofType(graph, 'pubsub.Subscription').map(({ inputs }) => {
    const [push, retry, dead] = [
      fields(inputs.pushConfig),
      fields(inputs.retryPolicy),
      fields(inputs.deadLetterPolicy),
    ];
    const token = fields(push.oidcToken);
    return {
      name: `projects/${graph.project}/subscriptions/${String(inputs.name)}`,
      topic: inputs.topic,
      ackDeadlineSeconds: inputs.ackDeadlineSeconds,
      pushConfig:
        inputs.pushConfig === undefined
          ? {}
          : {
              pushEndpoint: push.pushEndpoint,
              oidcToken: { serviceAccountEmail: token.serviceAccountEmail, audience: token.audience },
            },
      retryPolicy: {
        minimumBackoff: durationOf(retry.minimumBackoff),
        maximumBackoff: durationOf(retry.maximumBackoff),
      },
      ...(inputs.deadLetterPolicy !== undefined && {
        deadLetterPolicy: {
          deadLetterTopic: dead.deadLetterTopic,
          maxDeliveryAttempts: dead.maxDeliveryAttempts,
        },
      }),
      ...(inputs.messageRetentionDuration !== undefined && {
        messageRetentionDuration: durationOf(inputs.messageRetentionDuration),
      }),
      // What an empty text is to the provider, a policy without a time is to the service.
      expirationPolicy: fields(inputs.expirationPolicy).ttl === '' ? {} : inputs.expirationPolicy,
      ...(inputs.filter !== undefined && { filter: inputs.filter }),
    };
  });
  return {
    subscriptions: byName(subscriptions),
    topics: ofType(graph, 'pubsub.Topic')
      .map(({ inputs }) => String(inputs.name))
      .sort(),
    queues: ofType(graph, 'cloudtasks.Queue').map(
      ({ inputs }) =>
        `projects/${graph.project}/locations/${String(inputs.location)}/queues/${String(inputs.name)}`,
    ),
    jobs: byName(
      ofType(graph, 'cloudscheduler.Job').map(({ inputs }) => {
        const target = fields(inputs.pubsubTarget);
        return {
          name: `projects/${graph.project}/locations/${String(inputs.region)}/jobs/${String(inputs.name)}`,
          cron: inputs.schedule,
          timeZone: inputs.timeZone,
          topic: target.topicName,
          attributes: target.attributes,
          data: Buffer.from(String(target.data), 'base64').toString(),
        };
      }),
    ),
    expiring: ofType(graph, 'firestore.Field')
      .map(({ inputs }) => String(inputs.collection))
      .sort(),
    indexes: ofType(graph, 'firestore.Index')
      .map(({ inputs }) =>
        JSON.stringify([
          inputs.collection,
          list(inputs.fields).map((each) => [
            fields(each).fieldPath,
            String(fields(each).order ?? fields(each).arrayConfig).toLowerCase(),
          ]),
        ]),
      )
      .sort(),
    secrets: ofType(graph, 'secretmanager.Secret')
      .map(({ inputs }) => String(inputs.secretId))
      .sort(),
  };
}

/** What the local cloud is told, where functions are at the addresses, and pushed to as the accounts, of the graph. */
export function planned(contracts: readonly Contract[], graph: Graph): ReturnType<typeof deployed> {
  const topology = topologyOf(contracts, graph);
  const addresses = fields(graph.outputs.functions);
  const { project } = graph;
  return {
    subscriptions: byName(
      topology.subscriptions.map((subscription) => {
        const { pushTo } = subscription;
        const target = topology.functions.find(({ agent }) => agent === pushTo);
        const endpoint = pushTo === undefined ? undefined : String(addresses[pushTo]);
        return subscriptionConfig(subscription, project, endpoint, {
          serviceAccountEmail: `${target?.accounts.push}@${project}.iam.gserviceaccount.com`,
          ...(endpoint !== undefined && { audience: endpoint }),
        });
      }),
    ) as ReturnType<typeof deployed>['subscriptions'],
    topics: topology.topics.map(({ name }) => name).sort(),
    queues: [topology.queue],
    jobs: byName(
      topology.schedules.map(({ name, cron, timeZone, topic, attributes, data }) => ({
        ...{ name, cron, timeZone, attributes: { ...attributes }, data },
        topic: `projects/${project}/topics/${topic}`,
      })),
    ),
    expiring: topology.expiring.toSorted(),
    indexes: topology.indexes
      .map(({ collection, fields: indexed }) =>
        JSON.stringify([collection, indexed.map(({ field, order }) => [field, order])]),
      )
      .sort(),
    secrets: topology.secrets.toSorted(),
  };
}

/** What the accounts of agents are granted, a line for each. */
export function deployedGrants(graph: Graph): string[] {
  const agents = new Map(
    ofType(graph, 'cloudfunctionsv2.Function').map(({ inputs, name }) => [
      `serviceAccount:${String(fields(inputs.serviceConfig).serviceAccountEmail)}`,
      name,
    ]),
  );
  return grantsIn(graph)
    .flatMap(({ member, role, on }) => {
      const agent = agents.get(member);
      return agent === undefined ? [] : [`${agent}: ${role} on ${on.kind} ${on.name}`];
    })
    .sort();
}

/** What the topology says that they may. Whoever sets timers also needs to act as itself: it is what the timers publish as. */
export function plannedGrants(contracts: readonly Contract[], graph: Graph): string[] {
  const { grants, functions } = topologyOf(contracts, graph);
  const accountOf = (agent: string) =>
    `${functions.find((each) => each.agent === agent)?.accounts.runtime}@${graph.project}.iam.gserviceaccount.com`;
  const told = (grant: Grant): string[] => {
    switch (grant.may) {
      case 'publish':
        return [`roles/pubsub.publisher on topic ${grant.topic}`];
      case 'read-secret':
        return [`roles/secretmanager.secretAccessor on secret ${grant.secret}`];
      case 'use-database':
        return [`roles/datastore.user on project ${graph.project}`];
      case 'use-keys':
        return ['roles/cloudkms.cryptoKeyEncrypterDecrypter on key mesh'];
      case 'schedule':
        return [
          `roles/cloudtasks.enqueuer on queue ${grant.queue.slice(grant.queue.lastIndexOf('/') + 1)}`,
          `roles/iam.serviceAccountUser on account ${accountOf(grant.agent)}`,
        ];
    }
  };
  return grants.flatMap((grant) => told(grant).map((line) => `${grant.agent}: ${line}`)).sort();
}

function durationOf(text: Json | undefined) {
  const [seconds, nanos] = [
    Math.floor(Number.parseFloat(String(text))),
    Math.round((Number.parseFloat(String(text)) % 1) * 1e9),
  ];
  return { seconds, nanos };
}

function byName<Named extends { readonly name: string }>(all: readonly Named[]): Named[] {
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
