import type { Clock } from '../../shared/contract/clock.ts';
import { type Page, type PageRequest, pageOf } from '../wire/page.ts';
import { StatusError } from '../wire/status.ts';
import type { Transport } from './dispatch.ts';
import type { QueueRecord, TaskKeeper } from './keeper.ts';
import { checkLocationName, checkQueueName, checkTaskName, parentOf } from './names.ts';
import { Queue, type QueueWorld } from './queue.ts';
import {
  checkSettings,
  DEFAULT_RATE_LIMITS,
  DEFAULT_RETRY_CONFIG,
  type KeptSettings,
  type RateLimits,
  type RetryConfig,
} from './queue-settings.ts';
import { RetiredNames } from './retired-names.ts';
import { type TokenSigner, unsignedTokens } from './signer.ts';
import type { Task, TaskInput } from './task.ts';

/** Ways in which the service is allowed to be unkind. */
export interface TaskFaults {
  /** Asked once per attempt: true sends that attempt twice. */
  duplicate?(task: Task): boolean;
}

export interface TaskQueuesOptions {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly signer?: TokenSigner;
  readonly faults?: TaskFaults;
  /** Uniform in [0, 1): the ids of tasks that callers leave unnamed come from it. */
  readonly random?: () => number;
  /** How long a name cannot be used again; about one hour in production, the default. Milliseconds. */
  readonly nameRetentionMs?: number;
  /** Keeps what there is beyond the process. */
  readonly keeper?: TaskKeeper;
  /** Told of each queue that is deleted. */
  readonly onDeleted?: (name: string) => void;
}

/** The settings of a queue that a caller names; what is absent keeps its value, or takes the default in a new queue. */
export interface QueueSettings {
  readonly rateLimits?: Partial<RateLimits>;
  readonly retryConfig?: Partial<RetryConfig>;
  readonly kept?: KeptSettings;
}

const HOUR_MS = 3_600_000;
const QUEUE_NAME_RETENTION_MS = 7 * 24 * HOUR_MS;
const LARGEST_QUEUE_PAGE = 9800;
const LARGEST_TASK_PAGE = 1000;

/**
 * Cloud Tasks, without a wire: queues and their tasks, driven by a clock and a transport. What it throws are `StatusError`s
 * with the service's codes and messages (https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2).
 */
export class TaskQueues {
  readonly #world: QueueWorld;
  readonly #random: () => number;
  readonly #onDeleted: (name: string) => void;
  readonly #queues = new Map<string, Queue>();
  readonly #retired: RetiredNames;
  #held = false;

  constructor(options: TaskQueuesOptions) {
    const { clock, transport, faults = {}, random = Math.random } = options;
    this.#random = random;
    this.#onDeleted = options.onDeleted ?? (() => {});
    this.#retired = new RetiredNames(clock, QUEUE_NAME_RETENTION_MS);
    this.#world = {
      clock,
      transport,
      signer: options.signer ?? unsignedTokens(clock),
      duplicate: (task) => faults.duplicate?.(task) ?? false,
      keeper: options.keeper,
      held: () => this.#held,
      nameRetentionMs: options.nameRetentionMs ?? HOUR_MS,
    };
  }

  /** How many tasks are not yet done, in all queues: scheduled, waiting or in flight. */
  pending(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.size;
    return count;
  }

  createQueue(parent: string, name: string, settings: QueueSettings = {}): Queue {
    checkLocationName(parent);
    if (parentOf(checkQueueName(name)) !== parent) {
      throw new StatusError('INVALID_ARGUMENT', `The queue ${name} is not in the parent ${parent}.`);
    }
    if (this.#queues.has(name)) throw new StatusError('ALREADY_EXISTS', 'Queue already exists');
    if (this.#retired.has(name)) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        'The queue cannot be created because a queue with this name existed too recently.',
      );
    }
    const rate = { ...DEFAULT_RATE_LIMITS, ...settings.rateLimits };
    const retry = { ...DEFAULT_RETRY_CONFIG, ...settings.retryConfig };
    checkSettings(rate, retry);
    const queue = new Queue(name, rate, retry, this.#world);
    queue.kept = settings.kept ?? {};
    this.#queues.set(name, queue);
    this.#world.keeper?.queue(queue);
    return queue;
  }

  /** Creates the queue if it does not exist. */
  updateQueue(name: string, settings: QueueSettings): Queue {
    const queue = this.#queues.get(checkQueueName(name));
    if (queue === undefined) return this.createQueue(parentOf(name), name, settings);
    const rate = { ...queue.rateLimits, ...settings.rateLimits };
    const retry = { ...queue.retryConfig, ...settings.retryConfig };
    checkSettings(rate, retry);
    queue.kept = { ...queue.kept, ...settings.kept };
    queue.configure(rate, retry);
    return queue;
  }

  getQueue(name: string): Queue {
    const queue = this.#queues.get(checkQueueName(name));
    if (queue !== undefined) return queue;
    throw new StatusError('NOT_FOUND', 'Queue does not exist.');
  }

  listQueues(parent: string, page: PageRequest = {}): Page<Queue> {
    checkLocationName(parent);
    const queues = [...this.#queues.values()].filter((queue) => parentOf(queue.name) === parent);
    return pageOf(queues, (queue) => queue.name, page, LARGEST_QUEUE_PAGE);
  }

  /** Deletes the queue and its tasks; its name cannot be used again for 7 days. */
  deleteQueue(name: string): void {
    this.getQueue(name).close();
    this.#queues.delete(name);
    const untilMs = this.#retired.add(name);
    this.#world.keeper?.queueDeleted(name, untilMs);
    this.#onDeleted(name);
  }

  createTask(parent: string, input: TaskInput): Task {
    const queue = this.#queueFor(checkQueueName(parent));
    const name = input.name === undefined ? this.#newName(parent) : checkTaskName(input.name);
    if (parentOf(name) !== parent) {
      throw new StatusError('INVALID_ARGUMENT', `The task ${name} is not in the queue ${parent}.`);
    }
    return queue.create(name, input);
  }

  getTask(name: string): Task {
    return this.#queueFor(parentOf(checkTaskName(name))).get(name);
  }

  listTasks(parent: string, page: PageRequest = {}): Page<Task> {
    const { tasks } = this.#queueFor(checkQueueName(parent));
    return pageOf(tasks, (task) => task.name, page, LARGEST_TASK_PAGE);
  }

  deleteTask(name: string): void {
    this.#queueFor(parentOf(checkTaskName(name))).delete(name);
  }

  /** Attempts the task now, whatever its schedule and its queue's state and limits. */
  runTask(name: string): Task {
    return this.#queueFor(parentOf(checkTaskName(name))).run(name);
  }

  /** Stops every queue. */
  close(): void {
    for (const queue of this.#queues.values()) queue.close();
  }

  /** Stops every queue and forgets it, its tasks and its name. */
  clear(): void {
    this.close();
    for (const name of this.#queues.keys()) this.#onDeleted(name);
    this.#queues.clear();
    this.#retired.clear();
    this.#world.keeper?.cleared();
  }

  /** Every queue there is. */
  all(): Iterable<Queue> {
    return this.#queues.values();
  }

  /** Names of queues that cannot be used again yet, and until when. */
  get retired(): Iterable<readonly [name: string, untilMs: number]> {
    return this.#retired.all();
  }

  /** Takes up a queue as it was kept, or new settings of one. */
  restore({ name, rateLimits, retryConfig, state, kept, purgeMs }: QueueRecord): void {
    const queue = this.#queues.get(name) ?? new Queue(name, rateLimits, retryConfig, this.#world);
    this.#queues.set(name, queue);
    queue.kept = kept;
    queue.configure(rateLimits, retryConfig);
    queue.restoreState(state, purgeMs);
  }

  /** Takes up that a queue was deleted. */
  restoreGone(name: string, untilMs: number): void {
    this.#queues.get(name)?.close();
    this.#queues.delete(name);
    this.#retired.add(name, untilMs);
  }

  /** Sends the tasks that are there to `to` in place of `from`: both are origins, such as `http://127.0.0.1:8085`. */
  retarget(from: string, to: string): void {
    for (const queue of this.#queues.values()) queue.retarget(from, to);
  }

  /** Dispatches nothing until `resume`. */
  hold(): void {
    this.#held = true;
  }

  resume(): void {
    this.#held = false;
    for (const queue of this.#queues.values()) queue.wake();
  }

  #queueFor(name: string): Queue {
    const queue = this.#queues.get(name);
    if (queue !== undefined) return queue;
    if (this.#retired.has(name)) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        'The queue no longer exists, though a queue with this name existed recently.',
      );
    }
    throw new StatusError(
      'NOT_FOUND',
      'Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.',
    );
  }

  #newName(parent: string): string {
    const digits = () => String(Math.floor(this.#random() * 1e10)).padStart(10, '0');
    return `${parent}/tasks/${digits()}${digits()}`;
  }
}
