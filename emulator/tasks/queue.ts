import { StatusError } from '../wire/status.ts';
import { Courier, type CourierWorld } from './courier.ts';
import { DueHeap } from './due-heap.ts';
import type { TaskKeeper } from './keeper.ts';
import { movedUrl } from './moved-url.ts';
import type { Outcome } from './outcome.ts';
import {
  backoffMs,
  burstSizeOf,
  isExhausted,
  type KeptSettings,
  type QueueState,
  type RateLimits,
  type RetryConfig,
} from './queue-settings.ts';
import { RetiredNames } from './retired-names.ts';
import { type Attempt, newTask, type Task, type TaskInput } from './task.ts';
import { TokenBucket } from './token-bucket.ts';

/** What a queue needs of the world. */
export interface QueueWorld extends CourierWorld {
  /** Asked once per attempt: true sends that attempt twice, as the service may (it delivers at least once). */
  readonly duplicate: (task: Task) => boolean;
  /** Milliseconds for which the name of a task that ran or was deleted cannot be used again. */
  readonly nameRetentionMs: number;
  readonly keeper?: TaskKeeper | undefined;
  /** Nothing is dispatched for the time being. */
  readonly held: () => boolean;
}

/** A task lives at most 31 days, dispatched or not (the comment of `CloudTasks.CreateQueue`). */
const LONGEST_LIFE_MS = 31 * 24 * 3_600_000;

/**
 * One queue: its tasks, when each is attempted, and what becomes of it.
 *
 * - A task is in `#tasks` from its creation until it succeeded, was given up or was deleted; then its name is in `#retired`.
 * - At most one wake-up is armed: for the first moment at which a task is due and a token is there.
 * - An attempt that ends after its task is gone changes nothing.
 */
export class Queue {
  readonly name: string;
  readonly #world: QueueWorld;
  readonly #tasks = new Map<string, Task>();
  readonly #retired: RetiredNames;
  readonly #due = new DueHeap<string>();
  readonly #inFlight = new Map<string, number>();
  readonly #courier: Courier;
  readonly #bucket: TokenBucket;
  #rate: RateLimits;
  #retry: RetryConfig;
  #state: QueueState = 'RUNNING';
  #running = 0;
  #closed = false;
  #wake: { readonly atMs: number; readonly cancel: () => void } | undefined;
  /** When the queue was last purged, in milliseconds since the epoch. */
  purgeMs: number | undefined;
  kept: KeptSettings = {};

  constructor(name: string, rate: RateLimits, retry: RetryConfig, world: QueueWorld) {
    this.name = name;
    this.#rate = rate;
    this.#retry = retry;
    this.#world = world;
    this.#courier = new Courier(world);
    this.#retired = new RetiredNames(world.clock, world.nameRetentionMs);
    this.#bucket = new TokenBucket(rate.maxDispatchesPerSecond, burstSizeOf(rate), world.clock.now());
  }

  get rateLimits(): RateLimits {
    return this.#rate;
  }

  get retryConfig(): RetryConfig {
    return this.#retry;
  }

  get state(): QueueState {
    return this.#state;
  }

  /** Tasks not yet done, in order of their creation. */
  get tasks(): Iterable<Task> {
    return this.#tasks.values();
  }

  /** How many tasks are not yet done, those in flight included. */
  get size(): number {
    return this.#tasks.size;
  }

  /** Names that cannot be used again yet, and until when. */
  get retired(): Iterable<readonly [name: string, untilMs: number]> {
    return this.#retired.all();
  }

  /** Takes up a task as it was kept. */
  restore(task: Task): void {
    this.#tasks.set(task.name, task);
    this.#due.push(task.name, task.scheduleMs);
  }

  /** Sends the tasks whose targets are at the origin `from` to the origin `to`. */
  retarget(from: string, to: string): void {
    for (const task of this.#tasks.values()) {
      const url = movedUrl(task.target.url, from, to);
      if (url !== undefined) this.#tasks.set(task.name, { ...task, target: { ...task.target, url } });
    }
  }

  /** Takes up what became of a task. */
  restoreGone(name: string, untilMs: number): void {
    this.#tasks.delete(name);
    this.#retired.add(name, untilMs);
  }

  /** Takes up a state as it was kept. */
  restoreState(state: QueueState, purgeMs: number | undefined): void {
    this.#state = state;
    this.purgeMs = purgeMs;
  }

  /** Looks anew for what is due. */
  wake(): void {
    this.#rearm();
  }

  configure(rate: RateLimits, retry: RetryConfig): void {
    this.#rate = rate;
    this.#retry = retry;
    this.#bucket.resize(rate.maxDispatchesPerSecond, burstSizeOf(rate), this.#world.clock.now());
    this.#rearm();
    this.#world.keeper?.queue(this);
  }

  pause(): void {
    this.#state = 'PAUSED';
    this.#disarm();
    this.#world.keeper?.queue(this);
  }

  resume(): void {
    this.#state = 'RUNNING';
    this.#rearm();
    this.#world.keeper?.queue(this);
  }

  /** Throws ALREADY_EXISTS for a name in use, or that was in use within the retention. */
  create(name: string, input: TaskInput): Task {
    const now = this.#world.clock.now();
    const task = newTask(name, input, now);
    if (this.#tasks.has(name)) throw new StatusError('ALREADY_EXISTS', 'Requested entity already exists');
    if (this.#retired.has(name)) {
      throw new StatusError(
        'ALREADY_EXISTS',
        'The task cannot be created because a task with this name existed too recently. For more information about task ' +
          'de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create#body.request_body.FIELDS.task.',
      );
    }
    this.#schedule(task);
    return task;
  }

  /** Throws NOT_FOUND for a task that never was, ran, was given up or was deleted. */
  get(name: string): Task {
    const task = this.#tasks.get(name);
    if (task !== undefined) return task;
    if (!this.#retired.has(name)) throw new StatusError('NOT_FOUND', 'Requested entity was not found.');
    throw new StatusError(
      'NOT_FOUND',
      'The task no longer exists, though a task with this name existed recently. The task either successfully completed or was deleted.',
    );
  }

  delete(name: string): void {
    this.#retire(this.get(name));
  }

  /** Attempts a task now, whatever the queue's state, limits and the task's schedule. */
  run(name: string): Task {
    const task = this.get(name);
    void this.#attempt(task);
    return this.#tasks.get(name) ?? task;
  }

  purge(): void {
    for (const task of [...this.#tasks.values()]) this.#retire(task);
    this.purgeMs = this.#world.clock.now();
    this.#world.keeper?.queue(this);
  }

  /** Stops dispatching and lets go of what is in flight. */
  close(): void {
    this.#closed = true;
    this.#disarm();
    this.#due.clear();
    this.#courier.close();
  }

  #schedule(task: Task): void {
    this.restore(task);
    this.#world.keeper?.task(task);
    this.#arm();
  }

  #rearm(): void {
    this.#disarm();
    this.#arm();
  }

  #disarm(): void {
    this.#wake?.cancel();
    this.#wake = undefined;
  }

  #arm(): void {
    const next = this.#nextDue();
    if (next === undefined || this.#closed || this.#state !== 'RUNNING') return;
    if (this.#world.held()) return;
    if (this.#running >= this.#rate.maxConcurrentDispatches) return;
    const { clock } = this.#world;
    const now = clock.now();
    const atMs = Math.max(next.dueMs, now + this.#bucket.waitMs(now));
    if (this.#wake !== undefined && this.#wake.atMs <= atMs) return;
    this.#disarm();
    this.#wake = { atMs, cancel: clock.after(atMs - now, () => this.#pump()) };
  }

  #pump(): void {
    this.#wake = undefined;
    for (;;) {
      const now = this.#world.clock.now();
      const next = this.#nextDue();
      if (next === undefined || next.dueMs > now || this.#bucket.waitMs(now) > 0) break;
      if (this.#running >= this.#rate.maxConcurrentDispatches) break;
      this.#due.pop();
      this.#bucket.take(now);
      void this.#attempt(next.task);
    }
    this.#arm();
  }

  /** The first task due, once entries of tasks that are gone, rescheduled or in flight by `run` are dropped. */
  #nextDue(): { readonly task: Task; readonly dueMs: number } | undefined {
    for (let entry = this.#due.peek(); entry !== undefined; entry = this.#due.peek()) {
      const task = this.#tasks.get(entry.item);
      if (task?.scheduleMs === entry.dueMs && !this.#inFlight.has(task.name)) {
        return { task, dueMs: entry.dueMs };
      }
      this.#due.pop();
    }
    return undefined;
  }

  async #attempt(task: Task): Promise<void> {
    const { clock, duplicate } = this.#world;
    const attempt: Attempt = { scheduleMs: task.scheduleMs, dispatchMs: clock.now() };
    const dispatched: Task = {
      ...task,
      dispatchCount: task.dispatchCount + 1,
      firstAttempt: task.firstAttempt ?? { dispatchMs: attempt.dispatchMs },
      lastAttempt: attempt,
    };
    this.#tasks.set(task.name, dispatched);
    this.#world.keeper?.task(dispatched);
    this.#inFlight.set(task.name, (this.#inFlight.get(task.name) ?? 0) + 1);
    this.#running += 1;
    const copies = duplicate(task) ? [task, task] : [task];
    const outcomes = await Promise.all(copies.map((copy) => this.#courier.send(copy)));
    this.#running -= 1;
    const left = (this.#inFlight.get(task.name) ?? 1) - 1;
    if (left > 0) this.#inFlight.set(task.name, left);
    else this.#inFlight.delete(task.name);
    if (!this.#closed) {
      const best = outcomes.find((outcome) => outcome.succeeded) ?? (outcomes[0] as Outcome);
      this.#settle(task, attempt, best, left > 0);
      this.#arm();
    }
  }

  #settle(sent: Task, attempt: Attempt, outcome: Outcome, othersInFlight: boolean): void {
    const current = this.#tasks.get(sent.name);
    // A task deleted meanwhile stays deleted, and its name may by now belong to a new task.
    if (current === undefined || current.createMs !== sent.createMs) return;
    if (outcome.succeeded) {
      this.#retire(current);
      return;
    }
    const now = this.#world.clock.now();
    const { httpStatus } = outcome;
    const failed: Task = {
      ...current,
      responseCount: current.responseCount + (httpStatus === undefined ? 0 : 1),
      executionCount: current.executionCount + (httpStatus === undefined || httpStatus >= 500 ? 0 : 1),
      lastAttempt: { ...attempt, responseMs: now, responseStatus: outcome.status },
      ...(httpStatus === undefined ? {} : { previousResponse: httpStatus }),
    };
    this.#tasks.set(failed.name, failed);
    // Of several attempts in flight, the last one to fail decides when the next is due.
    if (othersInFlight) {
      this.#world.keeper?.task(failed);
      return;
    }
    const delay = Math.max(backoffMs(this.#retry, failed.dispatchCount), outcome.retryAfterMs);
    const sinceFirst = now - (failed.firstAttempt?.dispatchMs ?? now);
    const tooOld = now + delay > failed.createMs + LONGEST_LIFE_MS;
    if (tooOld || isExhausted(this.#retry, failed.dispatchCount, sinceFirst)) this.#retire(failed);
    else this.#schedule({ ...failed, scheduleMs: now + delay });
  }

  #retire(task: Task): void {
    this.#tasks.delete(task.name);
    const untilMs = this.#retired.add(task.name);
    this.#world.keeper?.taskGone(task.name, untilMs);
  }
}
