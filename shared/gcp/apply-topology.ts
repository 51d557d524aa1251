import type { v1 } from '@google-cloud/pubsub';
import type { CloudTasksClient } from '@google-cloud/tasks';
import { type Log, silentLog } from '../contract/log.ts';
import { callOptions } from './attempts.ts';
import { publisherClient } from './bus.ts';
import { type Env, endpoint, localHost } from './endpoint.ts';
import { LazyClient } from './lazy-client.ts';
import { reasonOf, STATUS, statusOf } from './status.ts';
import {
  type PushIdentity,
  type SubscriptionPlan,
  settingsToUpdate,
  subscriptionConfig,
} from './subscription-config.ts';
import { tasksClient } from './timers.ts';

/** What is applied: a `Topology` is one. */
export interface ResourcePlan {
  readonly project: string;
  readonly topics: readonly { readonly name: string }[];
  readonly subscriptions: readonly SubscriptionPlan[];
  /** `projects/<p>/locations/<l>/queues/<q>`. */
  readonly queue: string;
}

export interface ApplyOptions {
  /** Where an agent's function takes its messages. */
  readonly endpointOf: (agent: string) => string;
  /** The identity that Pub/Sub pushes to an agent with. Left out: none, as is right for a local function that anybody may call. */
  readonly oidcOf?: (agent: string) => PushIdentity;
  readonly log?: Log;
  /** Default: the environment of the process. */
  readonly env?: Env;
}

type SubscriberClient = InstanceType<typeof v1.SubscriberClient>;

/**
 * Creates what the plan asks for and is not there, and changes what is there but differs: topics, subscriptions, the queue of timers.
 * Applying twice changes nothing. Nothing is deleted.
 *
 * @throws the service's error, for what it refuses; a change that only Google's emulator refuses is logged, and left
 */
export async function applyTopology(plan: ResourcePlan, options: ApplyOptions): Promise<void> {
  const { env = process.env } = options;
  const { project } = plan;
  const pubsub = localHost('pubsub', env);
  const queues = localHost('tasks', env);
  const publisher = publisherClient(project, pubsub);
  const subscriber = new LazyClient(async () => {
    const { v1 } = await import('@google-cloud/pubsub');
    return new v1.SubscriberClient(await endpoint(project, pubsub));
  });
  const tasks = tasksClient(project, queues);
  const applyPubsub = async () => {
    const topics = await publisher.get();
    await Promise.all(
      plan.topics.map(({ name }) =>
        unlessThere(topics.createTopic({ name: `projects/${project}/topics/${name}` }, callOptions())),
      ),
    );
    const subscriptions = await subscriber.get();
    await Promise.all(
      plan.subscriptions.map((subscription) =>
        applySubscription(subscriptions, subscription, { ...options, project }),
      ),
    );
  };
  const applyQueue = async () => createQueue(await tasks.get(), plan.queue);
  try {
    // Where only some services are local, the queue of the others is nobody's business here.
    const withQueue = !pubsub.host || queues.host;
    await Promise.all([applyPubsub(), ...(withQueue ? [applyQueue()] : [])]);
  } finally {
    await Promise.all([publisher.close(), subscriber.close(), tasks.close()]);
  }
}

async function applySubscription(
  client: SubscriberClient,
  plan: SubscriptionPlan,
  { project, endpointOf, oidcOf, log = silentLog }: ApplyOptions & { readonly project: string },
): Promise<void> {
  const wanted = subscriptionConfig(
    plan,
    project,
    plan.pushTo === undefined ? undefined : endpointOf(plan.pushTo),
    plan.pushTo === undefined ? undefined : oidcOf?.(plan.pushTo),
  );
  if (await unlessThere(createSubscription(client, wanted, log))) return;
  const [current] = await client.getSubscription({ subscription: wanted.name }, callOptions());
  // One at a time: a service that refuses one setting (Google's emulator: the expiration) must still take the others.
  for (const path of settingsToUpdate(current, wanted)) {
    try {
      await client.updateSubscription({ subscription: wanted, updateMask: { paths: [path] } }, callOptions());
    } catch (error) {
      const status = statusOf(error);
      if (status !== STATUS.INVALID_ARGUMENT && status !== STATUS.UNIMPLEMENTED) throw error;
      log.warn('a subscription was left as it is', {
        subscription: plan.name,
        path,
        reason: reasonOf(error),
      });
    }
  }
}

/** One that is refused because of how long it is to keep messages is better than none. */
async function createSubscription(
  client: SubscriberClient,
  wanted: ReturnType<typeof subscriptionConfig>,
  log: Log,
): Promise<void> {
  const { messageRetentionDuration, ...rest } = wanted;
  try {
    await client.createSubscription(wanted, callOptions());
  } catch (error) {
    if (statusOf(error) !== STATUS.INVALID_ARGUMENT || !messageRetentionDuration) throw error;
    await client.createSubscription(rest, callOptions());
    log.warn('a subscription keeps messages no longer than by default', {
      subscription: wanted.name,
      reason: reasonOf(error),
    });
  }
}

async function createQueue(client: CloudTasksClient, name: string): Promise<void> {
  const parent = name.slice(0, name.indexOf('/queues/'));
  await unlessThere(client.createQueue({ parent, queue: { name } }, callOptions()));
}

/** Whether it was created now. */
async function unlessThere(creation: Promise<unknown>): Promise<boolean> {
  try {
    await creation;
    return true;
  } catch (error) {
    if (statusOf(error) === STATUS.ALREADY_EXISTS) return false;
    throw error;
  }
}
