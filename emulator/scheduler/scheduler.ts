import type { Clock } from '../../shared/contract/clock.ts';
import { StatusError } from '../wire/status.ts';
import { nextStrike } from './cron-times.ts';
import type { Job, JobSpec } from './job.ts';

export interface SchedulerOptions {
  readonly clock: Clock;
  /** Publishes the message of a job to its topic. */
  readonly publish: (job: JobSpec) => Promise<void>;
}

interface Entry {
  job: Job;
  cancel: () => void;
}

/**
 * The core of a local Cloud Scheduler: jobs that strike by the clock. As in the service, a tick that passes while the job is paused, or
 * while the clock leaps, is not made up for; a failed attempt is recorded, and the next tick is the next attempt (its `retryCount` is 0
 * unless set, https://docs.cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#RetryConfig).
 */
export class Scheduler {
  readonly #clock: Clock;
  readonly #publish: SchedulerOptions['publish'];
  readonly #entries = new Map<string, Entry>();

  constructor({ clock, publish }: SchedulerOptions) {
    this.#clock = clock;
    this.#publish = publish;
  }

  /** Creates the job, or replaces it. */
  put(spec: JobSpec): Job {
    this.#entries.get(spec.name)?.cancel();
    const entry: Entry = { job: { ...spec, state: 'ENABLED' }, cancel: () => {} };
    this.#entries.set(spec.name, entry);
    this.#arm(entry);
    return entry.job;
  }

  /** In order of their names. */
  list(): Job[] {
    return [...this.#entries.values()].map(({ job }) => job).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Throws `NOT_FOUND`. */
  get(name: string): Job {
    return this.#entry(name).job;
  }

  /** Throws `NOT_FOUND`; `FAILED_PRECONDITION` where it is paused already. */
  pause(name: string): Job {
    const entry = this.#entry(name);
    if (entry.job.state === 'PAUSED')
      throw new StatusError('FAILED_PRECONDITION', `${name} is paused already`);
    entry.cancel();
    const { nextAt: _, ...job } = entry.job;
    entry.job = { ...job, state: 'PAUSED' };
    return entry.job;
  }

  /** Throws `NOT_FOUND`; `FAILED_PRECONDITION` where it is not paused. */
  resume(name: string): Job {
    const entry = this.#entry(name);
    if (entry.job.state !== 'PAUSED') throw new StatusError('FAILED_PRECONDITION', `${name} is not paused`);
    entry.job = { ...entry.job, state: 'ENABLED' };
    this.#arm(entry);
    return entry.job;
  }

  /** Publishes the job's message now, paused or not, and leaves its ticks as they are. Throws `NOT_FOUND`. */
  async run(name: string): Promise<Job> {
    const entry = this.#entry(name);
    await this.#attempt(entry);
    return entry.job;
  }

  close(): void {
    for (const { cancel } of this.#entries.values()) cancel();
    this.#entries.clear();
  }

  #arm(entry: Entry): void {
    const { cron, timeZone } = entry.job;
    const nextAt = nextStrike(cron, timeZone, this.#clock.now());
    if (nextAt === undefined) return;
    entry.job = { ...entry.job, nextAt };
    this.#wait(entry, nextAt);
  }

  #wait(entry: Entry, nextAt: number): void {
    entry.cancel = this.#clock.after(nextAt - this.#clock.now(), () => {
      // A timer of the machine's may ring early; the tick would be another's then, and come again.
      if (this.#clock.now() < nextAt) return this.#wait(entry, nextAt);
      void this.#attempt(entry);
      this.#arm(entry);
    });
  }

  /** Never throws: what went wrong is in the record of the attempt. */
  async #attempt(entry: Entry): Promise<void> {
    const at = this.#clock.now();
    entry.job = { ...entry.job, lastAttempt: { at } };
    const outcome = await this.#publish(entry.job).then(
      () => ({ ok: true as const }),
      (error: unknown) => ({
        ok: false as const,
        message: error instanceof Error ? error.message : String(error),
      }),
    );
    // Another attempt may have begun meanwhile: the last one that began is the one that is told of.
    if (entry.job.lastAttempt?.at === at) entry.job = { ...entry.job, lastAttempt: { at, outcome } };
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry) throw new StatusError('NOT_FOUND', `there is no job ${name}`);
    return entry;
  }
}
