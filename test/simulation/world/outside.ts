import { MeshError } from '../../../shared/contract/errors.ts';
import type { Faults } from './faults.ts';
import type { Scheduler } from './scheduler.ts';

/** The way from an instance to the providers outside: slow, and not to be trusted. */
export class Outside {
  readonly #scheduler: Scheduler;
  readonly #faults: Faults;
  readonly #instance: { readonly name: string; readonly dead: boolean };

  constructor(
    host: { readonly scheduler: Scheduler; readonly faults: Faults },
    instance: { readonly name: string; readonly dead: boolean },
  ) {
    this.#scheduler = host.scheduler;
    this.#faults = host.faults;
    this.#instance = instance;
  }

  /** Asks a provider to do `work`, which is done at the provider and at once; what it throws is the provider's answer. */
  ask<Result>(what: string, signal: AbortSignal, work: () => Result): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const scheduler = this.#scheduler;
    if (this.#instance.dead) return promise;
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
