import type { ErrorCode } from '../../../shared/contract/errors.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import type { Delivery, WireMessage } from '../../../shared/contract/message.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import type { Store } from '../../../shared/contract/store.ts';
import { createKernel, type Kernel } from '../../../shared/kernel/kernel.ts';
import type { Outcome } from '../../../shared/kernel/outcome.ts';
import type { Route } from '../../../shared/kernel/route.ts';
import type { AgentFunction } from '../../../shared/topology.ts';
import type { Cloud } from './cloud.ts';
import type { Faults } from './faults.ts';
import { InstanceClock } from './instance-clock.ts';
import { type Doors, Outside } from './outside.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { simulatedLog } from './simulated-log.ts';

/** What the code of an agent is made with: once for each instance, and gone with it. */
export interface InstanceParts {
  readonly ports: Ports;
  /** The way to the providers. */
  readonly outside: Outside;
  /** Which of its versions is deployed, from 1. */
  readonly release: number;
}

export interface SimulatedAgent {
  readonly contract: AgentFunction['contract'];
  readonly routes: (parts: InstanceParts) => ReadonlyMap<string, Route>;
  /** What a release makes of what is stored, where that differs. */
  readonly storeOf?: (store: Store, release: number) => Store;
}

export interface InstanceHost {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly cloud: Cloud;
  readonly random: Random;
  readonly secrets: Readonly<Record<string, string>>;
  readonly doors: Doors;
  readonly logged: (line: string) => void;
  readonly sent: (topic: string, messages: readonly WireMessage[]) => void;
}

/** As the clients' own limit for one call. */
const CALL_TIMEOUT_MS = 10_000;
/** Two clocks then differ by less than a lease is longer than its handling. */
const MOST_SKEW_MS = 900;

/** One process of an agent's function. When it has died nothing that its code still does reaches the world, and what it knew is gone. */
export class Instance {
  readonly name: string;
  readonly clock: InstanceClock;
  dead = false;
  readonly #host: InstanceHost;
  readonly #kernel: Kernel;
  readonly #died: (() => void)[] = [];

  constructor(host: InstanceHost, name: string, agent: SimulatedAgent, fn: AgentFunction, release: number) {
    const { scheduler, random, secrets, logged } = host;
    this.#host = host;
    this.name = name;
    this.clock = new InstanceClock(scheduler, random.between(-MOST_SKEW_MS, MOST_SKEW_MS), () => !this.dead);
    const { cloud, sent } = host;
    const store = agent.storeOf?.(cloud.store, release) ?? cloud.store;
    const ports: Ports = {
      clock: this.clock,
      ids: { uuid: () => random.uuid() },
      log: simulatedLog(logged, Object.values(secrets)),
      store: {
        read: (paths) => this.#call('read', 'StoreUnavailable', () => store.read(paths)),
        commit: (writes) => this.#call('commit', 'StoreUnavailable', () => store.commit(writes)),
        query: (query) => this.#call('query', 'StoreUnavailable', () => store.query(query)),
      },
      bus: {
        publish: (topic, messages) => {
          const publish = async (some: readonly WireMessage[]) => {
            sent(topic, some);
            cloud.publish(topic, some);
          };
          const part = () => publish(messages.slice(0, random.below(messages.length)));
          return this.#call(
            'publish',
            'BusUnavailable',
            () => publish(messages),
            messages.length > 1 ? part : undefined,
          );
        },
      },
      timers: {
        schedule: (timer) =>
          this.#call('schedule', 'TimersUnavailable', async () => {
            sent(timer.topic, [timer.message]);
            cloud.schedule(timer, this.clock.now());
          }),
      },
      secrets: {
        redact: (text) =>
          Object.values(secrets).reduce((clean, value) => clean.replaceAll(value, '[redacted]'), text),
        get: (secret) =>
          this.#call('secret', 'SecretMissing', async () => {
            const value = secrets[secret];
            if (value === undefined) throw new MeshError('SecretMissing', `no secret ${secret}`);
            return value;
          }),
      },
    };
    const outside = new Outside(host, this);
    const routes = agent.routes({ ports, outside, release });
    this.#kernel = createKernel({ contract: fn.contract, deployment: fn.deployment, ports, routes });
  }

  /** Resolves with the outcome; undefined when the instance died first. */
  handle(delivery: Delivery): Promise<Outcome | undefined> {
    return new Promise((resolve, reject) => {
      this.#died.push(() => resolve(undefined));
      this.#kernel.handle(delivery).then((outcome) => {
        if (!this.dead) resolve(outcome);
      }, reject);
    });
  }

  die(): void {
    if (this.dead) return;
    this.dead = true;
    this.#host.scheduler.note(`${this.name} dies`);
    for (const tell of this.#died) tell();
  }

  /** One call of a port: a request that travels, work at the service, and an answer that travels. */
  #call<Result>(
    name: string,
    unavailable: ErrorCode,
    work: () => Promise<Result>,
    part?: () => Promise<void>,
  ): Promise<Result> {
    const { scheduler, faults } = this.#host;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (this.dead) return promise;
    const fault =
      faults.of('call') ??
      (name === 'commit' ? faults.of('commit') : undefined) ??
      (part ? faults.of('publish') : undefined);
    const label = `${this.name} ${name}${fault ? ` (${fault})` : ''}`;
    const answer = (tell: () => void, delayMs = scheduler.latency()) =>
      scheduler.after(delayMs, () => !this.dead && tell(), `${label} answered`);
    const fail = (delayMs?: number) =>
      answer(() => reject(new MeshError(unavailable, `${name} failed: ${fault}`)), delayMs);
    const arrive = (after: (done: Promise<Result>) => void, delayMs = scheduler.latency()) =>
      scheduler.after(delayMs, () => after(work()), label);
    const tell = (done: Promise<Result>) =>
      void done.then(
        (result) => answer(() => resolve(result)),
        (error) => answer(() => reject(error)),
      );
    const unheard = (done: Promise<Result>) => void done.catch(() => {});
    switch (fault) {
      case undefined:
        arrive(tell);
        break;
      case 'crash-before':
        this.die();
        break;
      case 'crash-after':
        arrive(unheard);
        scheduler.after(scheduler.latency(), () => this.die());
        break;
      case 'refused':
        fail();
        break;
      case 'lost-response':
        arrive((done) => {
          unheard(done);
          fail();
        });
        break;
      case 'late':
        arrive(unheard, CALL_TIMEOUT_MS + scheduler.latency() * 20);
        fail(CALL_TIMEOUT_MS);
        break;
      case 'hang':
        fail(CALL_TIMEOUT_MS);
        break;
      case 'sent-twice':
        arrive((done) => {
          unheard(done);
          arrive(tell);
        });
        break;
      case 'contention':
        answer(() => reject(new MeshError('Conflict', 'other writers were in the way')));
        break;
      case 'partial-publish':
        scheduler.after(scheduler.latency(), () => void part?.().catch(() => {}), label);
        fail();
        break;
    }
    return promise;
  }
}
