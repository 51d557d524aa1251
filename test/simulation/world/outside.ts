import { MeshError } from '../../../shared/contract/errors.ts';
import type { Faults } from './faults.ts';
import type { Scheduler } from './scheduler.ts';

/** The handling that asks: a handler's context is one. */
interface Asking {
  readonly message: { readonly id: string };
  readonly signal: AbortSignal;
}

type Caller = { readonly name: string; readonly dead: boolean };

/** The way from an instance to the providers outside: slow, and not to be trusted. */
export class Outside {
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #instance: Caller;
  readonly #doors: Doors;

  constructor(
    host: { readonly scheduler: Scheduler; readonly faults: Faults; readonly doors: Doors },
    instance: Caller,
  ) {
    this.#doors = host.doors;
    this.#scheduler = host.scheduler;
    this.#faults = host.faults;
    this.#instance = instance;
  }

  /**
   * Asks a provider to do `work`, which is done at the provider and at once; what it throws is the provider's answer. Nobody else
   * may ask for the same message meanwhile, or whatever else is named in its place.
   */
  ask<Result>(what: string, { message: { id: key }, signal }: Asking, work: () => Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const scheduler = this.#scheduler;
    if (this.#instance.dead) return promise;
    this.#doors.enter(key, this.#instance, signal);
    const leave = () => this.#doors.leave(key, this.#instance);
    void promise.then(leave, leave);
    const fault = this.#faults.of('provider');
    const label = `${this.#instance.name} asks ${what}${fault ? ` (${fault})` : ''}`;
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    const failed = () => reject(new MeshError('ProviderFailed', `${what} failed`));
    const done = (): Result | undefined => {
      try {
        return work();
      } catch (error) {
        reject(error);
        return undefined;
      }
    };
    if (fault === 'provider-hangs') scheduler.note(label);
    else if (fault === 'provider-late') scheduler.after(60_000 + scheduler.latency() * 10, done, label);
    else {
      const arrive = () => {
        if (fault === 'provider-errs') return failed();
        const result = done();
        const answer = () => (fault === 'provider-lies' ? failed() : resolve(result as Result));
        scheduler.after(scheduler.latency(), () => !this.#instance.dead && answer(), `${label} answered`);
      };
      scheduler.after(scheduler.latency(), arrive, label);
    }
    return promise;
  }
}

/** Who is asking for what at this moment, seen from outside. */
export class Doors {
  readonly #inside = new Map<string, { readonly caller: Caller; readonly signal: AbortSignal }>();
  readonly #violated: (what: string) => void;

  constructor(violated: (what: string) => void) {
    this.#violated = violated;
  }

  enter(key: string, caller: Caller, signal: AbortSignal): void {
    const other = this.#inside.get(key);
    if (other && !other.caller.dead && !other.signal.aborted)
      this.#violated(`I2: ${other.caller.name} and ${caller.name} do the same work at the same time`);
    this.#inside.set(key, { caller, signal });
  }

  leave(key: string, caller: Caller): void {
    if (this.#inside.get(key)?.caller === caller) this.#inside.delete(key);
  }
}
