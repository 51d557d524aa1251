import { describe, expect, test } from 'vitest';
import { PAUSE, RESUME, SWEEP, TERMINATE, TIMER } from '../../../shared/contract/message.ts';
import { decodeRun } from '../../../shared/workflow/index.ts';
import { at, MINUTE, ScheduleWorld } from './schedule-world.ts';
import { seeded } from './world.ts';

/** A world in which a run was started that begins in ten minutes. */
async function delayed(workflow: 'chime' | 'turn' = 'chime', minutes = 10) {
  const world = new ScheduleWorld();
  world.start(workflow, { ms: MINUTE }, { startAt: at(minutes) });
  await world.deliver();
  return world;
}
const only = (world: ScheduleWorld) => {
  const [run] = world.runs;
  if (!run) throw new Error('there is no run');
  return run;
};

describe('a run that is started for later', () => {
  test('is there at once, and begins at its time: for its code that is when it was started', async () => {
    const world = await delayed();
    expect(only(world)).toMatchObject({
      status: 'waiting',
      waitingFor: [`its start at ${at(10)}`],
      wakeAt: new Date(at(10)),
      steps: { total: 0 },
    });
    await world.minute(10);
    expect(only(world)).toMatchObject({ status: 'running', steps: { open: 1 } });
    expect(only(world).startAt).toBeUndefined();
    await world.settle();
    expect(only(world)).toMatchObject({ status: 'completed', output: ` ${at(11)}` });
  });

  test('begins now where its time is past', async () => {
    const world = await delayed('chime', -10);
    expect(only(world)).toMatchObject({ status: 'running' });
  });

  test('begins at its time a year ahead', async () => {
    const world = await delayed('chime', 365 * 24 * 60);
    await world.settle();
    expect(only(world)).toMatchObject({ status: 'completed', output: ` ${at(365 * 24 * 60 + 1)}` });
  });

  test('is cancelled or terminated before it begins: its code does nothing', async () => {
    for (const end of ['cancelled', 'terminated'] as const) {
      const world = await delayed();
      const { runId } = only(world);
      if (end === 'cancelled') world.cancel(runId);
      else world.post({ type: TERMINATE, runId, data: {} });
      await world.settle();
      expect(only(world)).toMatchObject({ status: end, steps: { total: 0 } });
    }
  });

  test('is started once, however often it is asked for', async () => {
    const world = new ScheduleWorld();
    for (const minutes of [10, 20]) world.start('daily', { day: 'one' }, { startAt: at(minutes) });
    await world.settle();
    expect(world.runs).toHaveLength(1);
    expect(world.run('daily', 'one').status).toBe('completed');
  });

  test('takes its slot when its time has come, not before', async () => {
    const world = await delayed('turn');
    world.start('turn', { ms: 5 * MINUTE });
    await world.minute(3);
    // Its slot is free for others until then.
    world.start('turn', { ms: 9 * MINUTE });
    await world.settle();
    const ends = world.runs.map(({ endedAt }) => ((endedAt?.getTime() ?? 0) - Date.parse(at(0))) / MINUTE);
    // To 5, then to 12 the one that came at 3; after that the one that was due at 10. A run that waits for a slot counts its time from its start.
    expect(ends).toEqual([12, 5, 12]);
  });

  test('is paused beyond its time, and begins when it goes on', async () => {
    for (const workflow of ['chime', 'turn'] as const) {
      const world = await delayed(workflow);
      const { runId } = only(world);
      world.post({ type: PAUSE, runId });
      await world.minute(30);
      expect(only(world).status).toBe('paused');
      world.post({ type: RESUME, runId });
      await world.settle();
      expect(only(world).status).toBe('completed');
    }
  });

  test('is paused and goes on before its time, and begins then', async () => {
    const world = await delayed();
    const { runId } = only(world);
    world.post({ type: PAUSE, runId });
    world.post({ type: RESUME, runId });
    await world.minute(5);
    expect(only(world)).toMatchObject({ status: 'waiting', wakeAt: new Date(at(10)) });
    await world.settle();
    expect(only(world).status).toBe('completed');
  });

  test('begins though its timer was lost: a sweep finds it', async () => {
    const world = await delayed();
    expect(world.lose(({ type }) => type === TIMER)).toBe(1);
    await world.minute(30);
    world.post({ type: SWEEP });
    await world.settle();
    expect(only(world).status).toBe('completed');
  });

  test('begins once and never early, whatever comes twice or is lost on the way', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const world = new ScheduleWorld();
      world.choose = seeded(seed);
      world.start('turn', { ms: MINUTE }, { startAt: at(10) });
      world.start('turn', { ms: 15 * MINUTE });
      await world.settle();
      const runs = [...world.documents.values()]
        .filter(({ path }) => path.startsWith('workflows/'))
        .map(decodeRun);
      expect(runs.map(({ status }) => status)).toEqual(['completed', 'completed']);
      for (const { endedAt } of runs) expect(endedAt?.getTime()).toBeGreaterThanOrEqual(Date.parse(at(11)));
    }
  });
});
