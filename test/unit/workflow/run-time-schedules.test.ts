import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SCHEDULE, SWEEP } from '../../../shared/contract/message.ts';
import type { Overlap } from '../../../shared/contract/schedule-plan.ts';
import { occurrencesOf } from '../../../shared/workflow/schedules/occurrences.ts';
import { at, BEGIN, MINUTE, ScheduleWorld } from './schedule-world.ts';
import { seeded } from './world.ts';

describe('a schedule that was made at run time', () => {
  test('starts a run at each of its times, with the time in the input, until its end', async () => {
    const world = new ScheduleWorld();
    await world.create({ end: at(30) });
    await world.settle();
    expect(world.minutes).toEqual([10, 20, 30]);
    expect(world.runs.map(({ output }) => output)).toEqual([10, 20, 30].map((n) => `${at(n)} ${at(n)}`));
    expect(world.schedule).toMatchObject({ counts: { started: 3 }, running: [], expireAt: expect.any(Date) });
    expect(world.schedule.nextAt).toBeUndefined();
  });

  test('is made once, however often; another plan under its name is refused', async () => {
    const world = new ScheduleWorld();
    await world.create({ end: at(20) });
    await world.create({ end: at(20) });
    await world.create({ end: at(30) });
    await world.settle();
    expect(world.minutes).toEqual([10, 20]);
    expect(world.deadLetters.map(({ failure }) => failure.code)).toEqual(['ScheduleExists']);
  });

  test.each([
    [{ workflow: 'nobody' }, 'workflow'],
    [{ input: { ms: 'long' } }, 'input.ms'],
    [{ workflow: 'daily', timeField: 'hour' }, 'workflow'],
    [{ cron: '61 * * * *' }, 'plan.cron'],
    [{ cron: '0 * * * *', timeZone: 'Mars/Olympus' }, 'plan.timeZone'],
    [{ every: '1ms' }, 'plan.every'],
    [{ start: at(20), end: at(10) }, 'plan.end'],
  ] as const)('is refused where the plan is none, naming the field: %j', async (plan, field) => {
    const world = new ScheduleWorld();
    await world.create(plan);
    expect(world.deadLetters).toMatchObject([{ failure: { field } }]);
    expect(world.documents.size).toBe(0);
  });

  test('names the runs of a workflow with a key by the time', async () => {
    const world = new ScheduleWorld();
    await world.create({ workflow: 'daily', input: {}, timeField: 'day', end: at(20) });
    await world.settle();
    expect(world.runs.map(({ key }) => key)).toEqual([at(10), at(20)]);
  });

  test('goes by cron in its time zone, and by the rules for clocks that are changed', async () => {
    const plan = {
      workflow: 'chime',
      input: null,
      overlap: 'skip' as const,
      catchUp: '1h' as const,
      timeZone: 'Europe/Berlin',
    };
    const next = async (cron: string, after: string) => {
      const occurrences = await occurrencesOf({ ...plan, cron });
      return new Date(occurrences.next(Date.parse(after)) ?? 0).toISOString();
    };
    expect(await next('30 2 * * *', '2026-01-01T12:00:00Z')).toBe('2026-01-02T01:30:00.000Z');
    // The hour from 02:00 is skipped on 29 March, and comes twice on 25 October.
    expect(await next('30 2 * * *', '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:00:00.000Z');
    expect(await next('30 2 * * *', '2026-10-24T12:00:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(await next('30 2 * * *', '2026-10-25T00:30:00Z')).toBe('2026-10-26T01:30:00.000Z');
    expect(await next('30 * * * *', '2026-10-25T00:30:00Z')).toBe('2026-10-25T01:30:00.000Z');
  });

  test('is paused and goes on: what came by meanwhile is not made up for', async () => {
    const world = new ScheduleWorld();
    await world.create();
    await world.minute(15);
    world.change({ op: 'pause', note: 'a holiday' });
    await world.minute(45);
    expect(world.schedule).toMatchObject({ paused: 'a holiday' });
    world.change({ op: 'resume' });
    await world.minute(65);
    expect(world.minutes).toEqual([10, 50, 60]);
  });

  test('is changed: the times of before are gone', async () => {
    const world = new ScheduleWorld();
    await world.create();
    await world.minute(15);
    world.change({ op: 'update', plan: { workflow: 'chime', input: {}, every: '1h', start: at(3) } });
    await world.minute(130);
    expect(world.minutes).toEqual([10, 63, 123]);
  });

  test('is deleted: nothing comes any more, and one of its name begins anew', async () => {
    const world = new ScheduleWorld();
    await world.create();
    await world.minute(15);
    world.change({ op: 'delete' });
    await world.minute(35);
    expect(world.minutes).toEqual([10]);
    await world.create({ end: at(40) });
    await world.settle();
    expect(world.minutes).toEqual([10, 40]);
  });

  test('starts a run now when it is triggered, paused or not', async () => {
    const world = new ScheduleWorld();
    await world.create();
    world.change({ op: 'pause' });
    await world.minute(5);
    world.change({ op: 'trigger' });
    await world.minute(25);
    expect(world.minutes).toEqual([5]);
  });

  test('takes what was due in an outage, but not what is older than it catches up', async () => {
    const world = new ScheduleWorld();
    await world.create({ overlap: 'allowAll', catchUp: '30m' });
    await world.minute(15);
    expect(world.lose(({ type }) => type === SCHEDULE)).toBe(1);
    await world.minute(125);
    world.post({ type: SWEEP });
    await world.minute(131);
    expect(world.minutes).toEqual([10, 125, 125, 125, 130]);
    expect(world.schedule.counts).toMatchObject({ started: 5, missed: 8 });
  });

  test('goes through a long outage of many times without reading them', async () => {
    const world = new ScheduleWorld();
    await world.create({ every: '1s', ms: 1_000 * MINUTE });
    world.lose(() => true);
    await world.minute(24 * 60);
    world.post({ type: SWEEP });
    await world.deliver();
    const { counts } = world.schedule;
    expect(counts.missed + counts.started + counts.skipped).toBe(24 * 3_600);
    expect(counts.missed).toBe(23 * 3_600 - 1);
    expect(world.runs).toHaveLength(1);
  });

  test('says that a name is none, at once where the message is old enough', async () => {
    const world = new ScheduleWorld();
    world.change({ op: 'pause' });
    await world.create({ end: at(20) });
    await world.minute(1);
    expect(world.schedule.paused).toBe('');
    world.post({ type: SCHEDULE, data: { op: 'pause', schedule: 'none' } });
    await world.minute(15);
    expect(world.deadLetters.map(({ failure }) => failure.code)).toEqual(['ScheduleNotFound']);
  });
});

describe('a time that comes while a run has not ended', () => {
  const minutesWith = async (overlap: Overlap, ms = 25 * MINUTE) => {
    const world = new ScheduleWorld();
    await world.create({ overlap, ms, end: at(60) });
    await world.settle();
    return { minutes: world.minutes, statuses: world.runs.map(({ status }) => status), world };
  };

  test('is skipped', async () => {
    const { minutes, world } = await minutesWith('skip');
    expect(minutes).toEqual([10, 40]);
    expect(world.schedule.counts).toMatchObject({ started: 2, skipped: 4 });
  });

  test('waits for that, one at a time', async () => {
    const { minutes, world } = await minutesWith('bufferOne');
    expect(minutes).toEqual([10, 35, 60, 85]);
    expect(world.schedule.counts).toMatchObject({ started: 4, skipped: 2 });
    expect(world.runs.map(({ output }) => String(output).split(' ')[0])).toEqual([10, 20, 40, 60].map(at));
  });

  test('waits for that, all of them in order', async () => {
    const { minutes, world } = await minutesWith('bufferAll');
    expect(minutes).toEqual([10, 35, 60, 85, 110, 135]);
    expect(world.runs.map(({ output }) => String(output).split(' ')[0])).toEqual(
      [10, 20, 30, 40, 50, 60].map(at),
    );
  });

  test('has that cancelled, and is started once it has ended', async () => {
    const { minutes, statuses } = await minutesWith('cancelOther');
    expect(minutes).toEqual([10, 20, 30, 40, 50, 60]);
    expect(statuses).toEqual([...Array(5).fill('cancelled'), 'completed']);
  });

  test('has that terminated, and is started', async () => {
    const { minutes, statuses } = await minutesWith('terminateOther');
    expect(minutes).toEqual([10, 20, 30, 40, 50, 60]);
    expect(statuses).toEqual([...Array(5).fill('terminated'), 'completed']);
  });

  test('is started beside it', async () => {
    const { minutes } = await minutesWith('allowAll');
    expect(minutes).toEqual([10, 20, 30, 40, 50, 60]);
  });

  test('waits no longer for a run whose start died', async () => {
    const world = new ScheduleWorld();
    await world.create();
    await world.minute(9);
    await world.settle(() => world.runs.length === 0 && world.now === BEGIN + 10 * MINUTE);
    world.lose(({ type }) => type === 'clockwork.chime');
    await world.deliverNext();
    world.lose(({ type }) => type === 'clockwork.chime');
    await world.minute(90);
    expect(world.minutes).toEqual([70, 80, 90]);
  });
});

describe('a backfill', () => {
  test('starts the runs of past times one after the other, each once, whatever was started before', async () => {
    const world = new ScheduleWorld();
    await world.create({ start: at(-200), ms: MINUTE, overlap: 'bufferAll' });
    await world.minute(35);
    world.change({ op: 'backfill', from: at(-100), to: at(30) });
    world.change({ op: 'backfill', from: at(-50), to: at(0) });
    await world.minute(205);
    const times = world.runs.map(({ output }) => String(output).split(' ')[0]).toSorted();
    const expected = Array.from({ length: 31 }, (_, n) => at(-100 + 10 * n));
    expect(times).toEqual(expected.toSorted());
  });

  test('of thousands of times takes a few at once', async () => {
    const world = new ScheduleWorld();
    await world.create({ end: at(10) });
    world.change({ op: 'backfill', from: at(-25_000), to: at(0), overlap: 'allowAll' });
    await world.settle();
    expect(world.runs).toHaveLength(2_502);
    expect(world.schedule.backfills).toEqual([]);
  });
});

test('whatever comes twice, late or is lost on the way: each time is taken once, and starts one run', async () => {
  const overlaps: Overlap[] = ['skip', 'bufferOne', 'bufferAll', 'cancelOther', 'terminateOther', 'allowAll'];
  await fc.assert(
    fc.asyncProperty(
      fc.nat(1_000_000),
      fc.constantFrom(...overlaps),
      fc.integer({ min: 0, max: 25 }),
      fc.boolean(),
      async (seed, overlap, minutes, backfill) => {
        const world = new ScheduleWorld();
        world.choose = seeded(seed);
        await world.create({ overlap, ms: minutes * MINUTE, end: at(100), start: at(-100) });
        if (backfill) world.change({ op: 'backfill', from: at(-30), to: at(-10) });
        await world.settle();
        const { schedule } = world;
        const { started, skipped, missed, there } = schedule.counts;
        expect(started + skipped + missed + there).toBe(backfill ? 13 : 10);
        expect({ missed, there }).toEqual({ missed: 0, there: 0 });
        expect(world.runs).toHaveLength(started);
        expect(world.runs.every(({ endedAt }) => endedAt)).toBe(true);
        expect(new Set(world.runs.map(({ runId }) => runId)).size).toBe(started);
        expect(schedule).toMatchObject({
          running: [],
          waiting: [],
          backfills: [],
          expireAt: expect.any(Date),
        });
        if (overlap === 'bufferAll' || overlap === 'allowAll' || overlap === 'terminateOther')
          expect(skipped).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
