import { AsyncLocalStorage } from 'node:async_hooks';
import EventEmitter from 'node:events';

/**
 * Errors that nobody can catch where they are thrown: in the callback of a timer or a stream, in a promise that nobody awaits. One ends
 * the request that it comes from, and neither the instance nor the other messages that it is handling.
 *
 * The functions framework sees to that with `node:domain`, which watches every promise of the process: a third of what a busy function
 * costs. The store of an async context knows the same for next to nothing (docs/decisions/0019-no-domains.md).
 */
export class StrayErrors {
  readonly #requests = new AsyncLocalStorage<(error: unknown) => void>();
  #armed = false;

  /**
   * Takes over from the framework. Called with the first request, when the framework has set its own handlers, which end the process:
   * they still get what belongs to no request.
   */
  arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#stand('uncaughtException');
    this.#stand('unhandledRejection');
  }

  /** Rejects with the first stray error of `work`, if one comes before it is done. */
  watch<Result>(work: () => Promise<Result>, late: (error: unknown) => void): Promise<Result> {
    return new Promise((resolve, reject) => {
      let done = false;
      const stray = (error: unknown) => {
        if (done) late(error);
        done = true;
        reject(error);
      };
      this.#requests
        .run(stray, work)
        .then(resolve, reject)
        .finally(() => {
          done = true;
        });
    });
  }

  #stand(event: 'uncaughtException' | 'unhandledRejection'): void {
    const others = process.listeners(event as 'uncaughtException');
    process.removeAllListeners(event);
    process.on(event, (error: Error, ...rest: ['uncaughtException']) => {
      const stray = this.#requests.getStore();
      if (stray) stray(error);
      else for (const other of others) other(error, ...rest);
    });
  }
}

/**
 * Makes the domains that the framework creates do nothing, before it creates the first. Making one is what begins the watching, which never
 * ends again.
 */
export function withoutDomains(): void {
  // Loading the module would have a cost of its own, where nobody has.
  if (!(EventEmitter as { readonly usingDomains?: boolean }).usingDomains) return;
  const inert = { on: () => inert, run: (work: () => void) => work() };
  Object.assign(process.getBuiltinModule('node:domain'), { create: () => inert });
}
