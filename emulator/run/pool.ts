/**
 * The instances of one service, as a small Cloud Run runs them. Pure: it is told what happened and when, and answers with
 * what to do; it starts no process and reads no clock.
 *
 * Owns: which instance serves which request, how many instances there are, and when each is stopped or given up on.
 * Does not own: processes, sockets and timers, which are `service.ts`'s.
 *
 * Invariants
 * - P1 Every request is answered once: dispatched and then settled by its instance, or refused.
 * - P2 An instance never has more requests than `concurrency`, and there are never more live instances than `maxInstances`.
 * - P3 Requests are dispatched in the order in which they came.
 * - P4 An idle service holds no instance and no timer.
 */
export interface PoolLimits {
  /** Requests that one instance serves at a time (https://cloud.google.com/run/docs/about-concurrency). */
  readonly concurrency: number;
  readonly maxInstances: number;
  /** From dispatch to answer; then 504. */
  readonly timeoutMs: number;
  /** A request that no instance has room for waits this long; then 429. */
  readonly queueMs: number;
  /** From start to listening; then the instance is killed. */
  readonly startupMs: number;
  /** An instance without requests for this long is stopped. */
  readonly idleMs: number;
  /** From SIGTERM to SIGKILL (https://cloud.google.com/run/docs/container-contract#instance-shutdown). */
  readonly graceMs: number;
}

export const DEFAULT_LIMITS: PoolLimits = {
  concurrency: 20,
  maxInstances: 1,
  timeoutMs: 60_000,
  queueMs: 60_000,
  startupMs: 30_000,
  idleMs: 60_000,
  graceMs: 10_000,
};

/** Before an instance is started again that failed without serving anything: 100 ms, doubling up to 10 s. */
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;

export type PoolAction =
  | { readonly kind: 'start'; readonly instance: number }
  | { readonly kind: 'dispatch'; readonly request: number; readonly instance: number }
  | {
      readonly kind: 'refuse';
      readonly request: number;
      readonly status: 429 | 503 | 504;
      readonly reason: string;
    }
  | { readonly kind: 'terminate'; readonly instance: number }
  | { readonly kind: 'kill'; readonly instance: number };

interface PooledInstance {
  state: 'starting' | 'ready' | 'stopping';
  /** When the state is overdue: started too slowly, idle for too long (while it has no request), stopped too slowly. */
  due: number;
  served: boolean;
  /** The requests that it has, each with the time at which it is overdue. */
  readonly requests: Map<number, number>;
}

export class Pool {
  readonly #limits: PoolLimits;
  readonly #instances = new Map<number, PooledInstance>();
  #queue: { readonly request: number; readonly due: number }[] = [];
  #started = 0;
  #failures = 0;
  #notBefore = 0;
  #closed = false;

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  /** Instances that are starting or serving. */
  get live(): number {
    return this.#live().length;
  }

  /** Requests that wait for an instance. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** When `tick` must be called next; undefined when nothing is due (P4). */
  get nextDue(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const { due } of this.#queue) next = Math.min(next, due);
    if (this.#queue.length > 0 && this.#live().length === 0) next = Math.min(next, this.#notBefore);
    for (const instance of this.#instances.values()) {
      if (instance.state !== 'ready' || instance.requests.size === 0) next = Math.min(next, instance.due);
      for (const due of instance.requests.values()) next = Math.min(next, due);
    }
    return Number.isFinite(next) ? next : undefined;
  }

  /** A request has come. */
  request(request: number, now: number): PoolAction[] {
    if (this.#closed) return [refuse(request, 503, 'the service is shutting down')];
    this.#queue.push({ request, due: now + this.#limits.queueMs });
    return this.#assign(now);
  }

  /** The request was answered by its instance, or its caller went away. */
  settled(request: number, now: number, { served = true } = {}): PoolAction[] {
    this.#queue = this.#queue.filter((waiting) => waiting.request !== request);
    for (const instance of this.#instances.values()) {
      if (!instance.requests.delete(request)) continue;
      instance.served ||= served;
      if (served) this.#failures = 0;
      if (instance.requests.size === 0 && instance.state === 'ready')
        instance.due = now + this.#limits.idleMs;
    }
    return this.#assign(now);
  }

  /** The instance listens. */
  ready(id: number, now: number): PoolAction[] {
    const instance = this.#instances.get(id);
    if (instance?.state !== 'starting') return [];
    instance.state = 'ready';
    instance.due = now + this.#limits.idleMs;
    return this.#assign(now);
  }

  /**
   * The connection broke on which the instance had the request: its process is dying or gone, though its exit may be reported
   * later. It gets no more requests, lest the whole queue be lost on it.
   */
  broken(request: number, id: number, now: number): PoolAction[] {
    const instance = this.#instances.get(id);
    if (!instance?.requests.delete(request)) return [];
    if (instance.state === 'stopping') return this.#assign(now);
    if (!instance.served) this.#backOff(now);
    return [this.#terminate(id, instance, now), ...this.#assign(now)];
  }

  /** The instance's process is gone, for the reason given. */
  exited(id: number, reason: string, now: number): PoolAction[] {
    const instance = this.#instances.get(id);
    if (!instance) return [];
    this.#instances.delete(id);
    const lost = [...instance.requests.keys()].map((request) => refuse(request, 503, reason));
    if (instance.state === 'stopping' || instance.served) return [...lost, ...this.#assign(now)];
    this.#backOff(now);
    // Who waited for this start gets its reason; who comes later waits for the next one.
    if (instance.state === 'starting' && this.#live().length === 0) {
      lost.push(...this.#queue.map(({ request }) => refuse(request, 503, reason)));
      this.#queue = [];
    }
    return [...lost, ...this.#assign(now)];
  }

  /** Time has passed. */
  tick(now: number): PoolAction[] {
    const actions: PoolAction[] = [];
    const { queueMs, timeoutMs } = this.#limits;
    for (const { request, due } of this.#queue) {
      if (due <= now)
        actions.push(refuse(request, 429, `no instance had room for the request within ${queueMs} ms`));
    }
    this.#queue = this.#queue.filter(({ due }) => due > now);
    for (const [id, instance] of this.#instances) {
      for (const [request, due] of instance.requests) {
        if (due > now) continue;
        instance.requests.delete(request);
        actions.push(refuse(request, 504, `the request took longer than ${timeoutMs} ms`));
        if (instance.requests.size === 0 && instance.state === 'ready')
          instance.due = now + this.#limits.idleMs;
      }
      if (instance.due <= now && (instance.state !== 'ready' || instance.requests.size === 0)) {
        actions.push(
          instance.state === 'ready' ? this.#terminate(id, instance, now) : this.#kill(id, instance),
        );
      }
    }
    return [...actions, ...this.#assign(now)];
  }

  /** Stops every instance and takes no more requests. Those that are being served may finish within the grace period. */
  close(now: number): PoolAction[] {
    this.#closed = true;
    const actions: PoolAction[] = this.#queue.map(({ request }) =>
      refuse(request, 503, 'the service is shutting down'),
    );
    this.#queue = [];
    for (const [id, instance] of this.#instances) {
      if (instance.state !== 'stopping') actions.push(this.#terminate(id, instance, now));
    }
    return actions;
  }

  #assign(now: number): PoolAction[] {
    const actions: PoolAction[] = [];
    for (const [id, instance] of this.#instances) {
      while (instance.state === 'ready' && instance.requests.size < this.#limits.concurrency) {
        const next = this.#queue.shift();
        if (!next) break;
        instance.requests.set(next.request, now + this.#limits.timeoutMs);
        actions.push({ kind: 'dispatch', request: next.request, instance: id });
      }
    }
    const starting = this.#live().filter(({ state }) => state === 'starting').length;
    let unserved = this.#queue.length - starting * this.#limits.concurrency;
    while (unserved > 0 && this.#live().length < this.#limits.maxInstances && now >= this.#notBefore) {
      this.#started += 1;
      this.#instances.set(this.#started, {
        state: 'starting',
        due: now + this.#limits.startupMs,
        served: false,
        requests: new Map(),
      });
      actions.push({ kind: 'start', instance: this.#started });
      unserved -= this.#limits.concurrency;
    }
    return actions;
  }

  #backOff(now: number): void {
    this.#notBefore =
      now + Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(20, this.#failures));
    this.#failures += 1;
  }

  #terminate(id: number, instance: PooledInstance, now: number): PoolAction {
    instance.state = 'stopping';
    instance.due = now + this.#limits.graceMs;
    return { kind: 'terminate', instance: id };
  }

  #kill(id: number, instance: PooledInstance): PoolAction {
    // Its exit is reported in its own time; until then it is not killed twice.
    instance.due = Number.POSITIVE_INFINITY;
    return { kind: 'kill', instance: id };
  }

  #live(): PooledInstance[] {
    return [...this.#instances.values()].filter(({ state }) => state !== 'stopping');
  }
}

function refuse(request: number, status: 429 | 503 | 504, reason: string): PoolAction {
  return { kind: 'refuse', request, status, reason };
}
