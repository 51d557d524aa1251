import type { KeptSettings, QueueState, RateLimits, RetryConfig } from './queue-settings.ts';
import type { Task } from './task.ts';

/** A queue without its tasks. */
export interface QueueRecord {
  readonly name: string;
  readonly rateLimits: RateLimits;
  readonly retryConfig: RetryConfig;
  readonly state: QueueState;
  readonly kept: KeptSettings;
  readonly purgeMs?: number | undefined;
}

/** Who keeps queues and tasks beyond the process: told of each change before whoever made it is answered. */
export interface TaskKeeper {
  /** One that is new, or has new settings or another state. */
  queue(queue: QueueRecord): void;
  /** Its name cannot be used again until then: milliseconds since the epoch. */
  queueDeleted(name: string, untilMs: number): void;
  /** One that is new, is being attempted, or is put off. */
  task(task: Task): void;
  /** It ran, was given up or was deleted; its name cannot be used again until then. */
  taskGone(name: string, untilMs: number): void;
  cleared(): void;
}
