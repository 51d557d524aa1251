import { describe, expect, test } from 'vitest';
import { clientMesh, desk, quotes } from '../../support/client-mesh.ts';

const PLAN = { input: { day: 'today' }, every: '1h' } as const;

describe('the schedules of a client', () => {
  test('are made once, read, listed, changed and deleted', async () => {
    const { client, settled, world } = clientMesh();
    const made = await client.schedules.create(desk.nightly, 'hourly', PLAN);
    expect((await settled(made.read())).nextTimes).toHaveLength(5);
    const { length } = world.outcomes;
    expect((await client.schedules.create(desk.nightly, 'hourly', PLAN)).id).toBe('hourly');
    await world.settle(0);
    expect(world.outcomes).toHaveLength(length);
    await client.schedules.create(desk.nightly, 'daily', { ...PLAN, every: '1d' }, { paused: 'not yet' });
    await world.settle(0);
    const listed = await client.schedules.list('desk');
    expect(listed.map(({ id, paused }) => [id, paused])).toEqual([
      ['hourly', undefined],
      ['daily', 'not yet'],
    ]);
    expect(await client.schedules.list('desk', { after: listed[0] })).toMatchObject([{ id: 'daily' }]);
    await client.schedules.update(desk.nightly, 'hourly', { ...PLAN, every: '2h' });
    await world.settle(0);
    expect((await made.read()).plan.every).toBe('2h');
    await made.delete();
    await world.settle(0);
    await expect(client.schedules.of('desk', 'hourly').read()).rejects.toMatchObject({
      code: 'ScheduleNotFound',
    });
  });

  test('are refused before anything is sent where the plan is none', async () => {
    const { client, world } = clientMesh();
    const create = (plan: object) => client.schedules.create(desk.nightly, 'x', plan as typeof PLAN);
    await expect(create({ ...PLAN, every: '1ms' })).rejects.toMatchObject({ field: 'every' });
    await expect(create({ input: PLAN.input })).rejects.toMatchObject({ field: 'cron' });
    await expect(create({ ...PLAN, input: { day: 1 } })).rejects.toMatchObject({ field: 'input.day' });
    await expect(
      client.schedules.create(desk.sell, 'x', { ...PLAN, input: { order: 'o' } }),
    ).rejects.toMatchObject({
      code: 'ScheduleInvalid',
      field: 'workflow',
    });
    await expect(client.schedules.create(desk.nightly, 'a/b', PLAN)).rejects.toMatchObject({
      code: 'ScheduleInvalid',
    });
    expect(world.outcomes).toEqual([]);
  });

  test('have one name each: another plan under it is refused', async () => {
    const { client, settled } = clientMesh();
    await settled((await client.schedules.create(desk.nightly, 'hourly', PLAN)).read());
    await expect(
      client.schedules.create(desk.nightly, 'hourly', { ...PLAN, every: '3h' }),
    ).rejects.toMatchObject({ code: 'ScheduleExists' });
  });
});

describe('what is done later', () => {
  test('is a run that waits, or a command that is not handled before', async () => {
    const { client, world, settled } = clientMesh();
    const began = world.clock.now();
    const handle = await client.start(desk.nightly, { day: 'x' }, { at: new Date(began + 600_000) });
    const command = await client.send(quotes.note, { text: 'n' }, { after: '5m' });
    await world.settle(0);
    expect((await handle.read()).status).toBe('waiting');
    await settled(command.answer());
    expect(world.clock.now() - began).toBeGreaterThanOrEqual(300_000);
    await settled(handle.result());
    expect(world.clock.now() - began).toBeGreaterThanOrEqual(600_000);
  });

  test('has one time, which is one', async () => {
    const { client } = clientMesh();
    const start = (later: object) => client.start(desk.nightly, { day: 'x' }, later);
    await expect(start({ at: new Date(0), after: '1s' })).rejects.toMatchObject({ field: 'after' });
    await expect(start({ at: new Date(Number.NaN) })).rejects.toMatchObject({ field: 'at' });
    await expect(start({ after: 'soon' })).rejects.toMatchObject({ field: 'after' });
  });
});
