import type { Schedule, Topology } from '../../../shared/topology.ts';
import { isRun } from '../invariants/history.ts';
import type { Cloud } from './cloud.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

const HOUR_MS = 3_600_000;
/** As late as a sweep takes a run for lost, and as the clocks may differ. */
const LATE_MS = 16 * 60_000;
/** Sweeps in a row after which a run that is still overdue is nobody's any more. */
const MOST_SWEEPS = 50;

/** Cloud Scheduler, for the sweeps that each agent with workflows gets once an hour. */
export class Cron {
  readonly #cloud: Cloud;
  readonly #scheduler: Scheduler;
  readonly #sweeps: readonly Schedule[];
  /** The latest sweep of each agent. */
  readonly #coming = new Map<string, number>();
  #swept = 0;
  #latest = '';

  constructor(cloud: Cloud, scheduler: Scheduler, { schedules }: Topology) {
    this.#cloud = cloud;
    this.#scheduler = scheduler;
    this.#sweeps = schedules.filter(({ schedule }) => schedule === 'mesh-sweep');
  }

  /** More often than once an hour, and at any moment: a sweep may find what is only late. */
  sweepAtRandom(random: Random): void {
    for (const job of this.#sweeps)
      for (let times = random.below(3); times > 0; times--)
        this.#after(random.below(random.pick([60_000, 1_800_000, 7_200_000])), job);
  }

  /**
   * Asked when nothing happens for long: of the sweeps that come every hour, sends those that find something. Returns how many. A run
   * that sweeps don't bring on is left, for whoever looks in the end.
   */
  sweep(): number {
    const now = this.#scheduler.now();
    const overdue = this.#overdue();
    // What came of the last sweeps shows in the histories of these runs, if anything did.
    const state = [...overdue.values()].map(({ history }) => history).join();
    this.#swept = state === this.#latest ? this.#swept + 1 : 0;
    this.#latest = state;
    if (this.#swept > MOST_SWEEPS) return 0;
    let sent = 0;
    for (const job of this.#sweeps) {
      const wakeAt = overdue.get(job.agent)?.wakeAt;
      const at = Math.ceil((Math.max(now, (wakeAt ?? 0) + LATE_MS) + 1) / HOUR_MS) * HOUR_MS;
      if (wakeAt === undefined || at > this.#scheduler.quietUntil) continue;
      if ((this.#coming.get(job.agent) ?? 0) > now) continue;
      this.#coming.set(job.agent, at);
      this.#after(at - now, job);
      sent += 1;
    }
    return sent;
  }

  /** Of each agent, when the first of its runs and schedules should have been heard of, and where they stand. */
  #overdue(): Map<string, { readonly wakeAt: number; readonly history: string }> {
    const first = new Map<string, { readonly wakeAt: number; readonly history: string }>();
    for (const { path, fields } of this.#cloud.store.documents.values()) {
      const isSchedule = path.includes('/schedules/');
      if (!(isRun(path) || isSchedule) || !(fields.wakeAt instanceof Date)) continue;
      const agent = String(fields.agent);
      const { wakeAt = Infinity, history = '' } = first.get(agent) ?? {};
      first.set(agent, {
        wakeAt: Math.min(wakeAt, fields.wakeAt.getTime()),
        history: `${history} ${path} ${fields.history ?? fields.after} ${fields.status}`,
      });
    }
    return first;
  }

  #after(delayMs: number, { agent, topic, attributes, data }: Schedule): void {
    const sweep = () => this.#cloud.publish(topic, [{ data: Buffer.from(data), attributes }]);
    this.#scheduler.after(delayMs, sweep, `sweep of ${agent}`);
  }
}
