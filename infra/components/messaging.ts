import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Subscription } from '../../shared/topology.ts';
import type { Site } from '../site.ts';
import type { AgentFunction } from './agent-function.ts';

export interface MessagingArgs {
  readonly site: Site;
  readonly functions: readonly AgentFunction[];
}

/**
 * The topics and subscriptions of the topology, and who may publish where. Pub/Sub pushes as an account of the agent's own; what it gives up
 * on goes to a dead-letter topic, for which Pub/Sub itself needs three grants.
 */
export class Messaging extends pulumi.ComponentResource {
  /** By name. */
  readonly topics: ReadonlyMap<string, gcp.pubsub.Topic>;
  readonly #args: MessagingArgs;
  readonly #pubsub: gcp.projects.ServiceIdentity;

  constructor(name: string, args: MessagingArgs, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:Messaging', name, {}, opts);
    const { site, functions } = args;
    const { config, topology, ready } = site;
    this.#args = args;
    // Pub/Sub's own account in the project, which does not exist until it is asked for.
    this.#pubsub = new gcp.projects.ServiceIdentity(
      'pubsub',
      { project: config.project, service: 'pubsub.googleapis.com' },
      { parent: this, dependsOn: ready('pubsub', 'serviceusage') },
    );
    this.topics = new Map(
      topology.topics.map((topic) => [
        topic.name,
        new gcp.pubsub.Topic(
          topic.name,
          {
            name: topic.name,
            labels: { role: topic.role },
            // Messages rest where the database does.
            messageStoragePolicy: { allowedPersistenceRegions: [config.region], enforceInTransit: false },
          },
          { parent: this, dependsOn: ready('pubsub') },
        ),
      ]),
    );
    for (const each of functions) {
      // So that it can sign the tokens that it calls the function with.
      new gcp.serviceaccount.IAMMember(
        `${each.agent}-push-tokens`,
        {
          serviceAccountId: each.pushAccount.name,
          role: 'roles/iam.serviceAccountTokenCreator',
          member: this.#pubsub.member,
        },
        { parent: this, dependsOn: ready('iam') },
      );
    }
    for (const grant of topology.grants) {
      if (grant.may !== 'publish') continue;
      this.#publisher(
        `${grant.agent}-to-${grant.topic}`,
        grant.topic,
        this.#functionOf(grant.agent).account.member,
      );
    }
    const forwarders = new Map(
      [...new Set(topology.subscriptions.flatMap(({ deadLetter }) => deadLetter?.topic ?? []))].map(
        (topic) => [topic, this.#publisher(`pubsub-to-${topic}`, topic, this.#pubsub.member)],
      ),
    );
    for (const subscription of topology.subscriptions)
      this.#subscribe(subscription, forwarders.get(subscription.deadLetter?.topic ?? ''));
    this.registerOutputs();
  }

  /** The topic called `name`. */
  topic(name: string): gcp.pubsub.Topic {
    const topic = this.topics.get(name);
    if (!topic) throw new MeshError('ConfigurationInvalid', `there is no topic ${name}`, { field: name });
    return topic;
  }

  #functionOf(agent: string): AgentFunction {
    const found = this.#args.functions.find((each) => each.agent === agent);
    if (!found)
      throw new MeshError('ConfigurationInvalid', `there is no function of ${agent}`, { field: agent });
    return found;
  }

  #publisher(id: string, topic: string, member: pulumi.Input<string>) {
    return new gcp.pubsub.TopicIAMMember(
      id,
      { topic: this.topic(topic).id, role: 'roles/pubsub.publisher', member },
      { parent: this },
    );
  }

  #subscribe(planned: Subscription, forwarder: pulumi.Resource | undefined): void {
    const { name, topic, role, filter, ackDeadlineSeconds, retry, retentionDays, deadLetter, pushTo } =
      planned;
    const target = pushTo === undefined ? undefined : this.#functionOf(pushTo);
    const subscription = new gcp.pubsub.Subscription(
      name,
      {
        name,
        topic: this.topic(topic).id,
        labels: { role },
        ackDeadlineSeconds,
        ...(retentionDays !== undefined && { messageRetentionDuration: `${retentionDays * 86_400}s` }),
        // Left out, a subscription that is quiet for 31 days is deleted, and with it whatever is sent then.
        expirationPolicy: { ttl: '' },
        retryPolicy: {
          minimumBackoff: seconds(retry.minBackoffMs),
          maximumBackoff: seconds(retry.maxBackoffMs),
        },
        ...(filter !== undefined && { filter }),
        ...(deadLetter && {
          deadLetterPolicy: {
            deadLetterTopic: this.topic(deadLetter.topic).id,
            maxDeliveryAttempts: deadLetter.maxAttempts,
          },
        }),
        ...(target && {
          pushConfig: {
            pushEndpoint: target.uri,
            oidcToken: { serviceAccountEmail: target.pushAccount.email, audience: target.uri },
          },
        }),
      },
      {
        parent: this,
        // Not before what is pushed may come in, and what fails may be forwarded.
        dependsOn: [...(target ? [target.invoker] : []), ...(forwarder ? [forwarder] : [])],
      },
    );
    if (!deadLetter) return;
    // What is forwarded has to be acked. The grant goes with its subscription: it is made again with a new one.
    new gcp.pubsub.SubscriptionIAMMember(
      `pubsub-from-${name}`,
      { subscription: subscription.name, role: 'roles/pubsub.subscriber', member: this.#pubsub.member },
      { parent: this },
    );
  }
}

/** Pub/Sub takes fractions: `0.2s`. */
const seconds = (ms: number) => `${ms / 1_000}s`;
