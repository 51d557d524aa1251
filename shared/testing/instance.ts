import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../contract/clock.ts';
import { hasCode } from '../contract/errors.ts';
import type { Ports } from '../contract/ports.ts';
import type { Write } from '../contract/store.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Outcome } from '../kernel/outcome.ts';
import type { Route } from '../kernel/route.ts';

/**
 * Where the process dies that handles a message: when the handler has run and nothing is committed; when all is committed and nothing
 * published; or when all is published and nothing acked.
 */
export type Death = 'before-commit' | 'after-commit' | 'before-ack';

/** One delivery under way in an instance. */
export interface Handling {
  readonly dies: Death | undefined;
  /** What the handler threw, as it threw it. */
  thrown?: unknown;
}

const NEVER = new Promise<never>(() => {});

/**
 * One process of an agent: a kernel over the ports of the test. When it has died, nothing that its code still does reaches the world, and
 * all that it was handling is left unfinished.
 *
 * The pauses of the kernel between two attempts at a commit take no time: nobody would move the clock for them.
 */
export class Instance {
  readonly #handlings = new AsyncLocalStorage<Handling & { pausing?: boolean; deciding?: boolean }>();
  readonly #death = Promise.withResolvers<void>();
  readonly #kernel: Kernel;
  #dead = false;

  constructor(ports: Ports, start: (ports: Ports, watch: (route: Route) => Route) => Kernel) {
    this.#kernel = start(this.#portsOf(ports), (route) => this.#watched(route));
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Undefined: the process died. */
  async handle(delivery: Parameters<Kernel['handle']>[0], handling: Handling): Promise<Outcome | undefined> {
    const outcome = await Promise.race([
      this.#handlings.run(handling, () => this.#kernel.handle(delivery)),
      this.#death.promise,
    ]);
    if (handling.dies === 'before-ack' && !this.#dead) this.#die();
    return this.#dead ? undefined : (outcome ?? undefined);
  }

  #die(): void {
    this.#dead = true;
    this.#death.resolve();
  }

  /** Notes what a handler throws, before the kernel makes it a failure. */
  #watched(route: Route): Route {
    return {
      ...route,
      decide: async (request) => {
        const handling = this.#handlings.getStore();
        if (!handling) return route.decide(request);
        return this.#handlings.run({ ...handling, deciding: true }, async () => {
          try {
            return await route.decide(request);
          } catch (error) {
            handling.thrown = error;
            throw error;
          }
        });
      },
    };
  }

  #portsOf(ports: Ports): Ports {
    const { store, bus, timers, clock } = ports;
    const alive = <Result>(work: () => Promise<Result>): Promise<Result> => (this.#dead ? NEVER : work());
    return {
      ...ports,
      clock: this.#clock(clock),
      store: {
        read: (paths) => alive(() => store.read(paths)),
        query: (query) => alive(() => store.query(query)),
        commit: (writes) => alive(() => this.#commit(ports, writes)),
      },
      bus: { publish: (topic, messages) => alive(() => bus.publish(topic, messages)) },
      timers: { schedule: (timer) => alive(() => timers.schedule(timer)) },
    };
  }

  async #commit({ store }: Ports, writes: readonly Write[]): Promise<readonly string[]> {
    const handling = this.#handlings.getStore();
    const dies = writes.some(isRecord) ? handling?.dies : undefined;
    if (dies === 'before-commit') {
      this.#die();
      return NEVER;
    }
    try {
      const versions = await store.commit(writes);
      if (dies !== 'after-commit') return versions;
    } catch (error) {
      const conflict = hasCode(error, 'Conflict') || hasCode(error, 'AlreadyExists');
      if (conflict && handling && !handling.deciding) handling.pausing = true;
      throw error;
    }
    this.#die();
    return NEVER;
  }

  #clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      after: (delayMs, task) => {
        const handling = this.#handlings.getStore();
        if (!handling?.pausing) return clock.after(delayMs, task);
        handling.pausing = false;
        const immediate = setImmediate(task);
        return () => clearImmediate(immediate);
      },
    };
  }
}

/** Whether the write records that the message was handled. */
function isRecord(write: Write): boolean {
  return 'fields' in write && /\/inbox\/[^/]+$/.test(write.path) && write.fields.status === 'done';
}
