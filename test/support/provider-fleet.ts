import type { Clock } from '../../shared/contract/clock.ts';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import type { MeshError } from '../../shared/contract/errors.ts';
import type { ProviderSpec } from '../../shared/contract/provider.ts';
import type { Store } from '../../shared/contract/store.ts';
import { createProviders } from '../../shared/kernel/providers/providers.ts';
import { ManualClock } from '../../shared/testing/manual-clock.ts';
import { MemoryStore } from '../../shared/testing/memory-store.ts';

/** How a call ended: with its answer, or the code of its error. */
export type Ending = 'answered' | MeshError['code'];

/** Instances of one agent that call the same provider over one store. */
export class Fleet {
  readonly clock = new ManualClock();
  /** Requests to the store. */
  readonly requests = { read: 0, commit: 0 };
  /** Calls that came through to the provider. */
  asked = 0;
  readonly #store = new MemoryStore();
  readonly #contract;
  #key = 0;

  constructor(spec: ProviderSpec) {
    this.#contract = defineAgent({ name: 'caller', providers: { acme: spec } }).contract;
  }

  /** An instance, whose clock is off by so much. */
  instance(skewMs = 0) {
    const clock: Clock = {
      now: () => this.clock.now() + skewMs,
      after: (delayMs, task) => this.clock.after(delayMs, task),
    };
    const store: Store = {
      read: (paths) => {
        this.requests.read += 1;
        return this.#store.read(paths);
      },
      commit: (writes) => {
        this.requests.commit += 1;
        return this.#store.commit(writes);
      },
      query: (query) => this.#store.query(query),
    };
    const providers = createProviders({ contract: this.#contract, clock, store });
    return {
      /** Calls the provider for a message of its own; rejects with the error. */
      call: <Result>(work: () => Promise<Result>, signal = new AbortController().signal): Promise<Result> =>
        providers.access('acme', { key: String(this.#key++), signal }).call(() => {
          this.asked += 1;
          return work();
        }),
    };
  }
}

/** The code of the error that `work` rejects with. */
export function endingOf(work: Promise<unknown>): Promise<Ending> {
  return work.then(
    () => 'answered' as const,
    (error: MeshError) => error.code,
  );
}
