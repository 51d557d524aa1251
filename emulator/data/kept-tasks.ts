import type { QueueRecord, TaskKeeper } from '../tasks/keeper.ts';
import { parentOf } from '../tasks/names.ts';
import type { Queue } from '../tasks/queue.ts';
import type { Task } from '../tasks/task.ts';
import type { TaskQueues } from '../tasks/task-queues.ts';
import { DataDamaged } from './data-damaged.ts';
import type { Entry } from './journal.ts';
import type { Kept } from './kept.ts';

type Told = (...entries: Entry[]) => void;

/**
 * Queues, the tasks that are not done with their schedules and attempts, and the names that cannot be used again yet. An attempt that was under way
 * is made again: the service delivers at least once. Nothing is dispatched before the servers are open.
 *
 * A task that publishes to the local Pub/Sub names its port, which is another one after a restart. The entry `{ pubsub: origin }` says from where on
 * Pub/Sub is elsewhere: the tasks that are there by then, and name the place before, go to the new one.
 */
export class KeptTasks implements Kept, TaskKeeper {
  readonly kind = 'tasks';
  #queues: TaskQueues | undefined;
  #told: Told | undefined;
  #pubsub: string | undefined;

  /** The queues that it keeps; they dispatch nothing until `serving`. */
  keeps(queues: TaskQueues): void {
    this.#queues = queues;
    queues.hold();
  }

  onEntry(told: Told | undefined): void {
    this.#told = told;
  }

  queue(queue: QueueRecord): void {
    this.#told?.(queueEntry(queue));
  }

  queueDeleted(name: string, untilMs: number): void {
    this.#told?.({ queueDeleted: name, untilMs });
  }

  task(task: Task): void {
    this.#told?.(taskEntry(task));
  }

  taskGone(name: string, untilMs: number): void {
    this.#told?.({ taskGone: name, untilMs });
  }

  cleared(): void {
    this.#told?.({ cleared: true });
  }

  *entries(): Iterable<Entry> {
    if (this.#pubsub !== undefined) yield { pubsub: this.#pubsub };
    for (const [name, untilMs] of this.#kept.retired) yield { queueDeleted: name, untilMs };
    for (const queue of this.#kept.all()) {
      yield queueEntry(queue);
      for (const [name, untilMs] of queue.retired) yield { taskGone: name, untilMs };
      for (const task of queue.tasks) yield taskEntry(task);
    }
  }

  replay(entry: Entry): void {
    const { queue, queueDeleted, task, taskGone, untilMs, cleared, pubsub } = entry;
    if (cleared === true) this.#kept.clear();
    else if (typeof pubsub === 'string') this.#moved(pubsub);
    else if (isRecord(queue) && typeof queue.name === 'string')
      this.#kept.restore(queue as unknown as QueueRecord);
    else if (typeof queueDeleted === 'string') this.#kept.restoreGone(queueDeleted, timeOf(untilMs));
    else if (isRecord(task)) {
      const read = taskOf(task);
      this.#queueOf(read.name)?.restore(read);
    } else if (typeof taskGone === 'string') this.#queueOf(taskGone)?.restoreGone(taskGone, timeOf(untilMs));
    else throw new DataDamaged('an entry is none of Cloud Tasks');
  }

  serving(pubsub: string): void {
    const origin = URL.parse(pubsub.includes('://') ? pubsub : `http://${pubsub}`)?.origin;
    if (origin !== undefined && origin !== this.#pubsub) {
      this.#moved(origin);
      this.#told?.({ pubsub: origin });
    }
    this.#kept.resume();
  }

  #moved(origin: string): void {
    if (this.#pubsub !== undefined) this.#kept.retarget(this.#pubsub, origin);
    this.#pubsub = origin;
  }

  get #kept(): TaskQueues {
    if (!this.#queues) throw new Error('there are no queues to keep');
    return this.#queues;
  }

  /** Undefined for one that was deleted: an attempt that was under way then may still have been told. */
  #queueOf(task: string): Queue | undefined {
    const name = parentOf(task);
    for (const queue of this.#kept.all()) if (queue.name === name) return queue;
    return undefined;
  }
}

const queueEntry = ({ name, rateLimits, retryConfig, state, kept, purgeMs }: QueueRecord): Entry => ({
  queue: { name, rateLimits, retryConfig, state, kept, purgeMs },
});

function taskEntry(task: Task): Entry {
  const { body, ...target } = task.target;
  return { task: { ...task, target: { ...target, ...(body && { body: body.toString('base64') }) } } };
}

function taskOf(json: Readonly<Record<string, unknown>>): Task {
  const task = json as unknown as Task & { readonly target: { readonly body?: unknown } };
  if (typeof task.name !== 'string' || !isRecord(task.target) || typeof task.scheduleMs !== 'number')
    throw new DataDamaged('an entry holds what is no task');
  const { body, ...target } = task.target;
  return {
    ...task,
    target: { ...target, ...(typeof body === 'string' && { body: Buffer.from(body, 'base64') }) },
  };
}

function timeOf(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new DataDamaged('an entry tells no time');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
