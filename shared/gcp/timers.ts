import type { CloudTasksClient } from '@google-cloud/tasks';
import type { Clock } from '../contract/clock.ts';
import type { Deployment } from '../contract/deployment.ts';
import { MeshError } from '../contract/errors.ts';
import { digest } from '../contract/keys.ts';
import type { WireMessage } from '../contract/message.ts';
import type { Timers } from '../contract/timers.ts';
import { attempts, callOptions, TRANSIENT_IDEMPOTENT } from './attempts.ts';
import { emulatorUrl, endpoint, type LocalHost } from './endpoint.ts';
import { LazyClient } from './lazy-client.ts';
import { reasonOf, STATUS, statusOf } from './status.ts';

/** Cloud Tasks takes a task at most 30 days ahead (https://cloud.google.com/tasks/docs/quotas); an hour less, for clocks that differ. */
const HORIZON_MS = 30 * 86_400_000 - 3_600_000;
/** The shortest that Cloud Tasks may wait for an answer is 15 s. Publishing takes milliseconds: what hangs is tried again soon. */
const DISPATCH_DEADLINE_SECONDS = 20;
const PUBSUB_SCOPE = 'https://www.googleapis.com/auth/pubsub';

export interface TimersHosts {
  readonly tasks: LocalHost;
  readonly pubsub: LocalHost;
}

export function tasksClient(project: string, local: LocalHost): LazyClient<CloudTasksClient> {
  return new LazyClient(async () => {
    const tasks = await import('@google-cloud/tasks');
    return new tasks.CloudTasksClient(await endpoint(project, local));
  });
}

/** The Timers over Cloud Tasks. A task's target is the publish API itself: a delayed message needs no function. */
export class CloudTasksTimers implements Timers {
  readonly #deployment: Deployment;
  readonly #pubsub: string;
  readonly #client: LazyClient<CloudTasksClient>;
  readonly #clock: Clock;

  constructor(deployment: Deployment, hosts: TimersHosts, clock: Clock) {
    this.#deployment = deployment;
    this.#pubsub = hosts.pubsub.host
      ? emulatorUrl(hosts.pubsub.host).origin
      : 'https://pubsub.googleapis.com';
    this.#client = tasksClient(deployment.project, hosts.tasks);
    this.#clock = clock;
  }

  async schedule(timer: Parameters<Timers['schedule']>[0]): Promise<void> {
    const { project, queue, timersAccount } = this.#deployment;
    const ms = Math.min(timer.at.getTime(), this.#clock.now() + HORIZON_MS);
    const seconds = Math.floor(ms / 1_000);
    const task = {
      // A digest: task ids take few characters, and names that share a beginning slow the queue down
      // (https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#createtaskrequest).
      name: `${queue}/tasks/${digest('timer', timer.name)}`,
      scheduleTime: { seconds, nanos: (ms - seconds * 1_000) * 1_000_000 },
      dispatchDeadline: { seconds: DISPATCH_DEADLINE_SECONDS },
      httpRequest: {
        httpMethod: 'POST' as const,
        url: `${this.#pubsub}/v1/projects/${project}/topics/${timer.topic}:publish`,
        headers: { 'Content-Type': 'application/json' },
        body: Buffer.from(publishBody(timer.message)),
        ...(timersAccount && {
          oauthToken: { serviceAccountEmail: timersAccount, scope: PUBSUB_SCOPE },
        }),
      },
    };
    try {
      await attempts(this.#clock, TRANSIENT_IDEMPOTENT, async () => {
        const client = await this.#client.get();
        await client.createTask({ parent: queue, task }, callOptions());
      });
    } catch (error) {
      if (statusOf(error) === STATUS.ALREADY_EXISTS) return;
      throw new MeshError(
        'TimersUnavailable',
        `no timer could be set in ${queue} for ${JSON.stringify(timer.topic)}: ${reasonOf(error)}`,
        { cause: error },
      );
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** The body of Pub/Sub's REST publish (https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish). */
function publishBody({ data, attributes, orderingKey }: WireMessage): string {
  return JSON.stringify({
    messages: [
      {
        data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
        attributes,
        ...(orderingKey !== undefined && { orderingKey }),
      },
    ],
  });
}
