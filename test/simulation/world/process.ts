import type { ErrorCode } from '../../../shared/contract/errors.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import type { WireMessage } from '../../../shared/contract/message.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import type { Store } from '../../../shared/contract/store.ts';
import type { Cloud, ServiceName } from './cloud.ts';
import { countCall } from './effort.ts';
import type { Faults } from './faults.ts';
import { InstanceClock } from './instance-clock.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { simulatedLog } from './simulated-log.ts';

export interface ProcessHost {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly cloud: Cloud;
  readonly random: Random;
  readonly secrets: Readonly<Record<string, string>>;
  readonly logged: (line: string) => void;
  readonly sent: (topic: string, messages: readonly WireMessage[]) => void;
}

/** As the clients' own limit for one call. */
const CALL_TIMEOUT_MS = 10_000;
/** Two clocks then differ by less than a lease is longer than its handling. */
const MOST_SKEW_MS = 900;

/** A program that uses the cloud by the ports. When it has died nothing that its code still does reaches the world. */
export class Process {
  readonly name: string;
  readonly clock: InstanceClock;
  readonly ports: Ports;
  dead = false;
  readonly #host: ProcessHost;
  readonly #died: (() => void)[] = [];

  /** `store`: what its code takes for the store; the cloud's own unless given. */
  constructor(host: ProcessHost, name: string, store: Store = host.cloud.store) {
    const { scheduler, random, secrets, logged, cloud, sent } = host;
    this.#host = host;
    this.name = name;
    this.clock = new InstanceClock(scheduler, random.between(-MOST_SKEW_MS, MOST_SKEW_MS), () => !this.dead);
    this.ports = {
      clock: this.clock,
      ids: { uuid: () => random.uuid() },
      log: simulatedLog(logged, Object.values(secrets)),
      store: {
        read: (paths) => this.#call('read', 'store', () => store.read(paths)),
        commit: (writes) => this.#call('commit', 'store', () => store.commit(writes)),
        query: (query) => this.#call('query', 'store', () => store.query(query)),
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
            'bus',
            () => publish(messages),
            messages.length > 1 ? part : undefined,
          );
        },
      },
      timers: {
        schedule: (timer) =>
          this.#call('schedule', 'timers', async () => {
            sent(timer.topic, [timer.message]);
            cloud.schedule(timer, this.clock.now());
          }),
      },
      secrets: {
        redact: (text) =>
          Object.values(secrets).reduce((clean, value) => clean.replaceAll(value, '[redacted]'), text),
        get: (secret) =>
          this.#call('secret', undefined, async () => {
            const value = secrets[secret];
            if (value === undefined) throw new MeshError('SecretMissing', `no secret ${secret}`);
            return value;
          }),
      },
    };
  }

  /** Resolves as `work` does; undefined when the process died first. */
  live<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      this.#died.push(() => resolve(undefined));
      work().then((result) => {
        if (!this.dead) resolve(result);
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
    service: ServiceName | undefined,
    work: () => Promise<Result>,
    part?: () => Promise<void>,
  ): Promise<Result> {
    const { scheduler, faults, cloud } = this.#host;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (this.dead) return promise;
    countCall(name);
    const fault =
      faults.of('call') ??
      (name === 'commit' ? faults.of('commit') : undefined) ??
      (part ? faults.of('publish') : undefined);
    const label = `${this.name} ${name}${fault ? ` (${fault})` : ''}`;
    const unavailable = service === undefined ? 'SecretMissing' : UNAVAILABLE[service];
    const answer = (tell: () => void, delayMs = scheduler.latency()) =>
      scheduler.after(delayMs, () => !this.dead && tell(), `${label} answered`);
    const fail = (delayMs?: number) =>
      answer(() => reject(new MeshError(unavailable, `${name} failed: ${fault}`)), delayMs);
    const served = () =>
      service !== undefined && cloud.isOut(service)
        ? Promise.reject(new MeshError(unavailable, `${name} failed: the service is out`))
        : work();
    const arrive = (after: (done: Promise<Result>) => void, delayMs = scheduler.latency()) =>
      scheduler.after(delayMs, () => after(served()), label);
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

const UNAVAILABLE: Readonly<Record<ServiceName, ErrorCode>> = {
  store: 'StoreUnavailable',
  bus: 'BusUnavailable',
  timers: 'TimersUnavailable',
};
