import type { Clock } from '../../shared/contract/clock.ts';
import type { FunctionRequest, FunctionResponse, FunctionSpec, Instance, StartInstance } from './instance.ts';
import { Pool, type PoolAction, type PoolLimits } from './pool.ts';

export interface ServiceOptions {
  readonly spec: FunctionSpec;
  readonly limits: PoolLimits;
  readonly clock: Clock;
  readonly start: StartInstance;
  readonly onLine: (text: string, stream: 'stdout' | 'stderr' | 'run') => void;
}

interface Pending {
  readonly request: FunctionRequest;
  readonly abort: AbortController;
  readonly answer: (response: FunctionResponse) => void;
}

/** One service: carries out what its `Pool` decides. */
export class Service {
  readonly name: string;
  readonly #options: ServiceOptions;
  readonly #pool: Pool;
  readonly #instances = new Map<number, Instance>();
  readonly #pending = new Map<number, Pending>();
  readonly #onEmpty = new Set<() => void>();
  #requests = 0;
  #tick: { readonly due: number; readonly cancel: () => void } | undefined;

  constructor(options: ServiceOptions) {
    this.name = options.spec.name;
    this.#options = options;
    this.#pool = new Pool(options.limits);
  }

  /** Process ids of the instances that run. */
  get pids(): readonly number[] {
    return [...this.#instances.values()].flatMap(({ pid }) => pid ?? []);
  }

  /**
   * Serves one request; it never rejects. 429: no room for too long; 503: the instance could not be started or died; 504: it
   * took too long. When `signal` aborts, the caller is gone and the answer does not matter.
   */
  serve(request: FunctionRequest, signal?: AbortSignal): Promise<FunctionResponse> {
    this.#requests += 1;
    const id = this.#requests;
    return new Promise((answer) => {
      this.#pending.set(id, { request, abort: new AbortController(), answer });
      signal?.addEventListener('abort', () => this.#abandon(id), { once: true });
      this.#act(this.#pool.request(id, this.#now()));
    });
  }

  /** Ends every instance at once, as a crash would. Returns how many there were. */
  kill(): number {
    for (const instance of this.#instances.values()) instance.kill();
    return this.#instances.size;
  }

  /** Stops every instance and resolves when they are gone. Afterwards every request is answered with 503. */
  close(): Promise<void> {
    this.#act(this.#pool.close(this.#now()));
    if (this.#instances.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.add(resolve));
  }

  #abandon(id: number): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    pending.abort.abort(new Error('the caller went away'));
    pending.answer(plain(499, 'the caller went away'));
    this.#act(this.#pool.settled(id, this.#now(), { served: false }));
  }

  #act(actions: readonly PoolAction[]): void {
    for (const action of actions) {
      if (action.kind === 'start') this.#start(action.instance);
      else if (action.kind === 'dispatch') void this.#dispatch(action.request, action.instance);
      else if (action.kind === 'refuse') this.#refuse(action);
      else if (action.kind === 'terminate') this.#instances.get(action.instance)?.terminate();
      else this.#instances.get(action.instance)?.kill();
    }
    const due = this.#pool.nextDue;
    // Mostly it is due later than what is armed: an instance is busy again.
    if (this.#tick && due !== undefined && due >= this.#tick.due) return;
    this.#tick?.cancel();
    this.#tick = undefined;
    if (due === undefined) return;
    const cancel = this.#options.clock.after(due - this.#now(), () => {
      this.#tick = undefined;
      this.#act(this.#pool.tick(this.#now()));
    });
    this.#tick = { due, cancel };
  }

  #start(id: number): void {
    const { spec, start, onLine } = this.#options;
    this.#instances.set(
      id,
      start(spec, {
        ready: () => this.#act(this.#pool.ready(id, this.#now())),
        exited: (reason) => {
          onLine(`instance ${id}: ${reason}`, 'run');
          this.#instances.delete(id);
          this.#act(this.#pool.exited(id, reason, this.#now()));
          if (this.#instances.size === 0) for (const resolve of this.#onEmpty) resolve();
        },
        line: onLine,
      }),
    );
  }

  async #dispatch(id: number, instanceId: number): Promise<void> {
    const pending = this.#pending.get(id);
    const instance = this.#instances.get(instanceId);
    if (!pending || !instance) return;
    try {
      const response = await instance.forward(pending.request, pending.abort.signal);
      if (this.#pending.delete(id)) pending.answer(response);
      this.#act(this.#pool.settled(id, this.#now(), { served: response.status < 500 }));
    } catch (error) {
      // Refused or abandoned meanwhile: the pool knows already.
      if (!this.#pending.delete(id)) return;
      pending.answer(plain(503, `the connection to the instance broke: ${(error as Error).message}`));
      this.#act(this.#pool.broken(id, instanceId, this.#now()));
    }
  }

  #refuse({ request, status, reason }: PoolAction & { kind: 'refuse' }): void {
    const pending = this.#pending.get(request);
    if (!pending) return;
    this.#pending.delete(request);
    pending.abort.abort(new Error(reason));
    pending.answer(plain(status, reason));
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function plain(status: number, reason: string): FunctionResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: Buffer.from(`${reason}\n`),
  };
}
