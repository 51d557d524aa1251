import type { Contract } from '../../shared/contract/agent.ts';
import type { Clock } from '../../shared/contract/clock.ts';
import type { Deployment } from '../../shared/contract/deployment.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { randomIds } from '../../shared/contract/ids.ts';
import { silentLog } from '../../shared/contract/log.ts';
import type { Delivery, WireMessage } from '../../shared/contract/message.ts';
import type { Ports } from '../../shared/contract/ports.ts';
import { createKernel, type Kernel } from '../../shared/kernel/kernel.ts';
import type { Outcome } from '../../shared/kernel/outcome.ts';
import type { Route } from '../../shared/kernel/route.ts';
import { ManualClock } from '../../shared/testing/manual-clock.ts';
import { MemoryStore } from '../../shared/testing/memory-store.ts';
import { computeTopology, type Subscription, type Topology } from '../../shared/topology.ts';
import { FaultPlan, faulty, Process } from './faults.ts';

export interface WorldAgent {
  readonly contract: Contract;
  readonly routes: (ports: Ports) => ReadonlyMap<string, Route>;
}

interface Pending {
  readonly subscription: Subscription;
  readonly message: WireMessage;
  readonly messageId: string;
  readonly publishTime: string;
  attempt: number;
}

interface Timer {
  readonly at: number;
  readonly topic: string;
  readonly message: WireMessage;
}

export interface WorldOptions {
  readonly agents: readonly WorldAgent[];
  readonly plan?: FaultPlan;
  /** Picks the next delivery out of `count`; default the oldest. */
  readonly pick?: (count: number) => number;
  /** How many deliveries are handled at the same time; default 1. */
  readonly parallel?: () => number;
  /** Whether a delivery comes twice: asked once, at the same time; asked a second time, later. */
  readonly duplicate?: () => boolean;
  /** Asked before each delivery, with how many there have been: what else happens at this moment. */
  readonly meanwhile?: (deliveries: number) => void;
  /** How long a message is on its way, in milliseconds; default 0. */
  readonly delay?: (message: WireMessage) => number;
  /** How far the clock of the process that takes the next delivery is off, in milliseconds; default 0. */
  readonly skew?: () => number;
  /** The ports of a fresh instance, with what more it is given: keys. */
  readonly portsOf?: (ports: Ports) => Ports;
  /** Instances last until they crash, each handling all that comes to its agent; else each delivery comes to a fresh one. */
  readonly lasting?: boolean;
}

interface Instance {
  readonly process: Process;
  readonly kernel: Kernel;
}

const MOST_DELIVERIES = 5_000;
/** Cloud Tasks takes a task at most so far ahead, and knows a task's name again for so long after it ran: up to a day. */
const TIMER_HORIZON_MS = 30 * 86_400_000;
const TIMER_NAMES_LAST_MS = 86_400_000;

/**
 * A whole mesh in one process: the real kernels and routes over ports in memory, delivered to by the rules of Pub/Sub (at least once,
 * in any order, dead letters after the last attempt), with processes that die where the plan says.
 */
export class World {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore();
  readonly topology: Topology;
  readonly outcomes: {
    readonly agent: string;
    readonly type: string;
    readonly outcome: Outcome['kind'] | 'crashed';
  }[] = [];
  /** What nobody takes from a topic: the dead letters of the recorder, or of all where there is no recorder. */
  readonly kept: { readonly topic: string; readonly message: WireMessage }[] = [];
  readonly ports: Ports;
  readonly plan: FaultPlan;
  readonly #options: WorldOptions;
  readonly #pending: Pending[] = [];
  /** On their way. */
  #later: { readonly at: number; readonly pending: Pending }[] = [];
  readonly #timers = new Map<string, Timer>();
  /** When the timers that are over ran, by name. */
  readonly #ran = new Map<string, number>();
  readonly #instances = new Map<string, Instance>();
  #published = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.plan = options.plan ?? new FaultPlan();
    this.topology = computeTopology(
      options.agents.map(({ contract }) => contract),
      { project: 'demo' },
    );
    this.ports = {
      clock: this.clock,
      store: this.store,
      ids: randomIds,
      log: silentLog,
      secrets: {
        get: async (name) => `value of ${name}`,
        redact: (text) => text.replaceAll(/value of [\w-]+/g, '[redacted]'),
      },
      bus: {
        publish: async (topic, messages) => {
          if (!messages.every(fits)) throw new MeshError('BusUnavailable', 'over 100 attributes');
          this.publish(topic, ...messages);
        },
      },
      timers: {
        schedule: async ({ name, topic, message, at }) => {
          const now = this.clock.now();
          if (this.#timers.has(name) || now - (this.#ran.get(name) ?? -Infinity) < TIMER_NAMES_LAST_MS)
            return;
          this.#timers.set(name, { at: Math.min(at.getTime(), now + TIMER_HORIZON_MS), topic, message });
        },
      },
    };
  }

  publish(topic: string, ...messages: readonly WireMessage[]): void {
    const subscriptions = this.topology.subscriptions.filter((subscription) => subscription.topic === topic);
    for (const message of messages) {
      const messageId = String(++this.#published);
      const publishTime = new Date(this.clock.now()).toISOString();
      for (const subscription of subscriptions) {
        if (!matches(subscription, message)) continue;
        const pending = { subscription, message, messageId, publishTime, attempt: 1 };
        const delay = this.#options.delay?.(message) ?? 0;
        if (subscription.pushTo === undefined) this.kept.push({ topic, message });
        else if (delay === 0) this.#pending.push(pending);
        else this.#later.push({ at: this.clock.now() + delay, pending });
      }
    }
  }

  /** Publishes a command as an outside program does. */
  command(agent: string, type: string, data: unknown, attributes: Record<string, string> = {}): void {
    this.publish(`mesh-${agent}`, {
      data: Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)),
      attributes: { 'ce-type': type, ...attributes },
    });
  }

  /** Delivers until nothing is pending and no timer is armed, or none that is due within so many milliseconds. */
  async settle(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    const until = this.clock.now() + withinMs;
    for (let deliveries = 0; ; deliveries++) {
      if (deliveries > MOST_DELIVERIES) throw new Error('the world does not settle');
      this.#options.meanwhile?.(deliveries);
      if (this.#pending.length > 0) await this.#deliver();
      else if (!(await this.#nextTimer(until))) return;
    }
  }

  /** Delivers one message, or several at once. */
  async #deliver(): Promise<void> {
    const batch: Pending[] = [];
    for (let left = this.#options.parallel?.() ?? 1; left > 0 && this.#pending.length > 0; left--) {
      batch.push(...this.#pending.splice(this.#options.pick?.(this.#pending.length) ?? 0, 1));
    }
    const twins = this.#options.duplicate?.() ? batch.slice(0, 1) : [];
    if (twins.length > 0 && this.#options.duplicate?.()) {
      this.#pending.push(...twins);
      twins.length = 0;
    }
    await Promise.all([...batch, ...twins].map((pending) => this.#deliverOne(pending)));
  }

  async #deliverOne(pending: Pending): Promise<void> {
    const { subscription } = pending;
    const outcome = await this.#handle(pending);
    const type = pending.message.attributes['ce-type'] ?? '';
    this.outcomes.push({ agent: subscription.pushTo ?? '', type, outcome });
    if (outcome !== 'nack' && outcome !== 'crashed') return;
    if (pending.attempt >= (subscription.deadLetter?.maxAttempts ?? 5)) return this.#forwardToDead(pending);
    await this.clock.advance(subscription.retry.minBackoffMs);
    this.#pending.push({ ...pending, attempt: pending.attempt + 1 });
  }

  async #handle({
    subscription,
    message,
    messageId,
    publishTime,
    attempt,
  }: Pending): Promise<Outcome['kind'] | 'crashed'> {
    const agent = this.#options.agents.find(({ contract }) => contract.name === subscription.pushTo);
    const deployment = this.topology.functions.find((fn) => fn.agent === subscription.pushTo)?.deployment;
    if (!agent || !deployment) throw new Error(`no agent ${subscription.pushTo}`);
    const { process, kernel } = this.#instance(agent, deployment);
    const delivery: Delivery = {
      ...message,
      messageId,
      publishTime,
      subscription: subscription.name,
      deliveryAttempt: attempt,
    };
    const outcome = await this.await(kernel.handle(delivery), () => process.crashed);
    return outcome?.kind ?? 'crashed';
  }

  #instance(agent: WorldAgent, deployment: Deployment): Instance {
    const running = this.#instances.get(agent.contract.name);
    if (running && !running.process.crashed) return running;
    const process = new Process();
    const offset = this.#options.skew?.() ?? 0;
    const clock: Clock = {
      now: () => this.clock.now() + offset,
      after: (delayMs, task) => this.clock.after(delayMs, task),
    };
    const outer = faulty({ ...this.ports, clock }, this.plan, process);
    const ports = this.#options.portsOf?.(outer) ?? outer;
    const kernel = createKernel({ contract: agent.contract, deployment, ports, routes: agent.routes(ports) });
    if (this.#options.lasting) this.#instances.set(agent.contract.name, { process, kernel });
    return { process, kernel };
  }

  /** Awaits `work`, moving time only while it waits for it: a backoff after a conflict, or its own timeout. */
  async await<Result>(
    work: Promise<Result>,
    abandoned: () => boolean = () => false,
  ): Promise<Result | undefined> {
    let settled: { readonly result: Result } | undefined;
    const done = work.then((result) => {
      settled = { result };
    });
    for (let turn = 0; settled === undefined && !abandoned(); turn++) {
      await Promise.race([done, new Promise((resolve) => setImmediate(resolve))]);
      if (settled === undefined && turn > 50 && this.clock.nextDue !== undefined) {
        await this.clock.advance(this.clock.nextDue - this.clock.now());
      }
    }
    return abandoned() ? undefined : (settled as { readonly result: Result } | undefined)?.result;
  }

  #forwardToDead({ subscription, message, attempt, publishTime }: Pending): void {
    if (!subscription.deadLetter) return;
    this.publish(subscription.deadLetter.topic, {
      ...message,
      attributes: {
        ...message.attributes,
        CloudPubSubDeadLetterSourceDeliveryCount: String(attempt),
        CloudPubSubDeadLetterSourceSubscription: subscription.name,
        CloudPubSubDeadLetterSourceSubscriptionProject: 'demo',
        CloudPubSubDeadLetterSourceTopicPublishTime: publishTime,
      },
    });
  }

  /** Lets time pass until a timer rings or a message arrives, whichever is first. */
  async #nextTimer(until: number): Promise<boolean> {
    let next: [string, Timer] | undefined;
    for (const entry of this.#timers) if (!next || entry[1].at < next[1].at) next = entry;
    const arrival = Math.min(...this.#later.map(({ at }) => at));
    if (!next && arrival === Number.POSITIVE_INFINITY) return false;
    const due = Math.min(arrival, next?.[1].at ?? arrival);
    if (due > until) return false;
    await this.clock.advance(Math.max(0, due - this.clock.now()));
    if (!next || next[1].at > due) {
      this.#pending.push(...this.#later.filter(({ at }) => at <= due).map(({ pending }) => pending));
      this.#later = this.#later.filter(({ at }) => at > due);
      return true;
    }
    const [name, { topic, message }] = next;
    this.#timers.delete(name);
    this.#ran.set(name, this.clock.now());
    // What Pub/Sub refuses, Cloud Tasks tries in vain until it drops it.
    if (fits(message)) this.publish(topic, message);
    return true;
  }
}

/** https://cloud.google.com/pubsub/quotas#resource_limits */
function fits({ attributes }: WireMessage): boolean {
  return Object.keys(attributes).length <= 100;
}

function matches({ filter }: Subscription, { attributes }: WireMessage): boolean {
  if (filter === undefined) return true;
  return [...filter.matchAll(/attributes\.ce-type="([^"]+)"/g)].some(
    ([, type]) => type === attributes['ce-type'],
  );
}
