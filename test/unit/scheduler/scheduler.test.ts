import { beforeEach, describe, expect, test } from 'vitest';
import type { JobSpec } from '../../../emulator/scheduler/job.ts';
import { Scheduler } from '../../../emulator/scheduler/scheduler.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

const HOUR_MS = 3_600_000;
const name = 'projects/p/locations/l/jobs/hourly';
const job: JobSpec = {
  name,
  cron: '0 * * * *',
  timeZone: 'Etc/UTC',
  topic: 'projects/p/topics/mesh-reports',
  attributes: { 'ce-type': 'reports.daily', schedule: 'hourly' },
  data: Buffer.from('null'),
};

let clock: ManualClock;
let published: { readonly at: string; readonly job: JobSpec }[];
let publish: () => Promise<void>;
let scheduler: Scheduler;
const times = () => published.map(({ at }) => at.slice(11, 16));

beforeEach(() => {
  clock = new ManualClock(Date.parse('2026-01-01T00:30:00Z'));
  published = [];
  publish = async () => {};
  scheduler = new Scheduler({
    clock,
    publish: async (struck) => {
      published.push({ at: new Date(clock.now()).toISOString(), job: struck });
      await publish();
    },
  });
  scheduler.put(job);
});

describe('a job', () => {
  test('publishes its message at each tick, as it is', async () => {
    await clock.advance(3 * HOUR_MS);
    expect(times()).toEqual(['01:00', '02:00', '03:00']);
    expect(published[0]?.job).toMatchObject({ topic: job.topic, attributes: job.attributes, data: job.data });
    expect(scheduler.get(name)).toMatchObject({
      state: 'ENABLED',
      nextAt: Date.parse('2026-01-01T04:00:00Z'),
      lastAttempt: { at: Date.parse('2026-01-01T03:00:00Z'), outcome: { ok: true } },
    });
  });

  test('does not strike while it is paused, nor afterwards for what it missed', async () => {
    scheduler.pause(name);
    expect(scheduler.get(name).nextAt).toBeUndefined();
    await clock.advance(3 * HOUR_MS);
    expect(times()).toEqual([]);
    scheduler.resume(name);
    await clock.advance(HOUR_MS);
    expect(times()).toEqual(['04:00']);
  });

  test('runs when it is told to, paused or not, and keeps its ticks', async () => {
    await scheduler.run(name);
    scheduler.pause(name);
    await scheduler.run(name);
    scheduler.resume(name);
    await clock.advance(HOUR_MS);
    expect(times()).toEqual(['00:30', '00:30', '01:00']);
  });

  test('that fails says so, and strikes again at its next tick', async () => {
    publish = async () => {
      throw new Error('no such topic');
    };
    await clock.advance(HOUR_MS);
    expect(scheduler.get(name).lastAttempt?.outcome).toEqual({ ok: false, message: 'no such topic' });
    await clock.advance(HOUR_MS);
    expect(times()).toEqual(['01:00', '02:00']);
  });

  test('strikes once for a tick whose timer rings early', async () => {
    let early = 1;
    const hasty = {
      now: () => clock.now(),
      after: (ms: number, task: () => void) => clock.after(ms - early, task),
    };
    const struck: number[] = [];
    const other = new Scheduler({ clock: hasty, publish: async () => void struck.push(clock.now()) });
    other.put(job);
    early = 0;
    await clock.advance(HOUR_MS);
    expect(struck).toEqual([Date.parse('2026-01-01T01:00:00Z')]);
    other.close();
  });

  test('that is put again is replaced', async () => {
    scheduler.put({ ...job, cron: '45 * * * *' });
    await clock.advance(HOUR_MS);
    expect(times()).toEqual(['00:45']);
    expect(scheduler.list()).toHaveLength(1);
  });

  test('that there is not, or that is so already, is refused', async () => {
    expect(() => scheduler.pause('no')).toThrow(expect.objectContaining({ status: 'NOT_FOUND' }));
    expect(() => scheduler.resume(name)).toThrow(expect.objectContaining({ status: 'FAILED_PRECONDITION' }));
    scheduler.pause(name);
    expect(() => scheduler.pause(name)).toThrow(expect.objectContaining({ status: 'FAILED_PRECONDITION' }));
  });

  test('strikes no more once the scheduler is closed', async () => {
    scheduler.close();
    await clock.advance(3 * HOUR_MS);
    expect(times()).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
