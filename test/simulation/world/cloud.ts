import { Broker } from '../../../emulator/pubsub/broker.ts';
import type { PushTransport } from '../../../emulator/pubsub/push-transport.ts';
import type { Dispatch } from '../../../emulator/tasks/dispatch.ts';
import { TaskQueues } from '../../../emulator/tasks/task-queues.ts';
import { StatusError } from '../../../emulator/wire/status.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import { digest } from '../../../shared/contract/keys.ts';
import { SCHEDULE, TIMER, type WireMessage } from '../../../shared/contract/message.ts';
import type { Timers } from '../../../shared/contract/timers.ts';
import type { Topology } from '../../../shared/topology.ts';
import { CloudStore } from './cloud-store.ts';
import type { Faults } from './faults.ts';
import type { Change } from './observer.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { serviceClock } from './service-clock.ts';

/** As far ahead as the Timers of `shared/gcp` arm a task. */
const HORIZON_MS = 30 * 86_400_000 - 3_600_000;

export type ServiceName = 'store' | 'bus' | 'timers';

const OUTAGES = { store: 'store-out', bus: 'bus-out', timers: 'timers-out' } as const;
/** From shorter than a retry to longer than all the attempts of a delivery, and than a run waits. */
const OUTAGES_MS = [20_000, 900_000, 10_800_000] as const;
const MOST_OFFSET_MS = 1_000;

export interface CloudOptions {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly topology: Topology;
  readonly random: Random;
  readonly push: PushTransport;
  readonly committed: (changes: readonly Change[]) => void;
  readonly durable: (topic: string, message: WireMessage) => void;
}

/** The cores of the local cloud in one process, on one virtual clock: the same code that the local servers are shells of. */
export class Cloud {
  readonly store: CloudStore;
  readonly broker: Broker;
  readonly tasks: TaskQueues;
  readonly #options: CloudOptions;
  /** Messages that came to a topic: one that is armed after that was put off, and no sweep would find it. */
  readonly #told = new Set<string>();
  /** When each service is out, by true time. */
  readonly #outages = new Map<ServiceName, { readonly from: number; readonly to: number }>();

  constructor(options: CloudOptions) {
    const { scheduler, faults, topology, random, push, committed } = options;
    this.#options = options;
    // Of streams of their own: one fault less is not to shift all that follow.
    const differ = faults.strikesOnce('clocks-differ');
    const clock = (service: ServiceName) =>
      serviceClock(
        scheduler,
        differ ? random.stream(`${service} clock`).between(-MOST_OFFSET_MS, MOST_OFFSET_MS) : 0,
      );
    for (const [service, fault] of Object.entries(OUTAGES)) {
      const drawn = random.stream(`${service} outage`);
      if (!faults.strikesOnce(fault)) continue;
      const from = scheduler.now() + drawn.below(drawn.pick([2_000, 60_000]));
      const to = from + drawn.pick(OUTAGES_MS);
      this.#outages.set(service as ServiceName, { from, to });
      scheduler.after(to - scheduler.now(), () => {}, `the ${service} is back`);
    }
    this.store = new CloudStore(clock('store'), committed);
    this.broker = new Broker({
      clock: clock('bus'),
      pushTransport: push,
      faults: {
        duplicate: () => faults.strikes('duplicate'),
        delayMs: () => (faults.strikes('delay') ? 1 + Math.floor(random.next() ** 3 * 120_000) : 0),
      },
    });
    this.tasks = new TaskQueues({
      clock: clock('timers'),
      transport: (dispatch) => this.#dispatch(dispatch),
      faults: { duplicate: () => faults.strikes('timer-twice') },
      random: () => random.next(),
    });
    this.#build(topology);
  }

  /** Whether the service refuses everything now. */
  isOut(service: ServiceName): boolean {
    const { from, to } = this.#outages.get(service) ?? { from: 0, to: 0 };
    const now = this.#options.scheduler.now();
    return now >= from && now < to;
  }

  /** All or nothing, at once. Throws as the Bus port does. */
  publish(topic: string, messages: readonly WireMessage[]): void {
    try {
      this.broker.publish(`projects/demo/topics/${topic}`, messages);
    } catch (error) {
      throw new MeshError('BusUnavailable', error instanceof Error ? error.message : String(error), {
        cause: error,
      });
    }
    for (const message of messages) {
      this.#told.add(message.attributes['ce-id'] ?? '');
      this.#options.durable(topic, message);
    }
  }

  /** Throws as the Timers port does. */
  schedule({ name, topic, message, at }: Parameters<Timers['schedule']>[0], now: number): void {
    const { topology, faults, scheduler } = this.#options;
    const { queue } = topology;
    const { attributes, orderingKey } = message;
    // Cloud Tasks loses none; but a queue can be purged by hand, and a sweep is to find the run all the same.
    const type = attributes['ce-type'];
    const isTick = type === SCHEDULE && Buffer.from(message.data).toString().includes('"op":"tick"');
    const isSweptFor = (type === TIMER && attributes.runid !== undefined) || isTick;
    if (isSweptFor && !this.#told.has(attributes['ce-id'] ?? '') && faults.strikes('timer-lost')) {
      scheduler.note(`loses the timer ${attributes['ce-id']}`);
      this.#options.durable(topic, message);
      return;
    }
    const data = Buffer.from(message.data).toString('base64');
    try {
      this.tasks.createTask(queue, {
        name: `${queue}/tasks/${digest('timer', name)}`,
        scheduleMs: Math.min(at.getTime(), now + HORIZON_MS),
        dispatchDeadlineMs: 20_000,
        target: {
          url: `http://pubsub.sim/${topic}`,
          method: 'POST',
          headers: {},
          body: Buffer.from(JSON.stringify({ data, attributes, orderingKey })),
        },
      });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      if (error.status !== 'ALREADY_EXISTS')
        throw new MeshError('TimersUnavailable', error.message, { cause: error });
    }
    this.#options.durable(topic, message);
  }

  /** A timer's time has come: its message is published. */
  #dispatch({ url, body }: Dispatch): Promise<{ readonly status: number }> {
    const { scheduler, faults } = this.#options;
    const topic = new URL(url).pathname.slice(1);
    const { data, attributes, orderingKey } = JSON.parse(String(body));
    const message = { data: Buffer.from(data, 'base64'), attributes, ...(orderingKey && { orderingKey }) };
    const refused = faults.strikes('timer-refused') || this.isOut('bus');
    return new Promise((resolve) => {
      const publish = () => {
        if (!refused) this.publish(topic, [message]);
        resolve({ status: refused ? 503 : 200 });
      };
      scheduler.after(scheduler.latency(), publish, `timer ${attributes['ce-type']} for ${topic}`);
    });
  }

  #build({ topics, subscriptions, queue }: Topology): void {
    const topicName = (topic: string) => `projects/demo/topics/${topic}`;
    for (const { name } of topics) this.broker.createTopic({ name: topicName(name) });
    for (const { name, topic, filter, pushTo, ackDeadlineSeconds, retry, deadLetter } of subscriptions) {
      this.broker.createSubscription({
        name: `projects/demo/subscriptions/${name}`,
        topic: topicName(topic),
        ackDeadlineSeconds,
        retryPolicy: { minimumBackoffMs: retry.minBackoffMs, maximumBackoffMs: retry.maxBackoffMs },
        expirationPolicy: {},
        ...(filter !== undefined && { filter }),
        ...(pushTo !== undefined && { pushConfig: { endpoint: `http://${pushTo}.sim/` } }),
        ...(deadLetter && {
          deadLetterPolicy: {
            deadLetterTopic: topicName(deadLetter.topic),
            maxDeliveryAttempts: deadLetter.maxAttempts,
          },
        }),
      });
    }
    this.tasks.createQueue(queue.slice(0, queue.lastIndexOf('/queues/')), queue);
  }
}
