import { expect, test as it } from 'vitest';
import { clientMesh, desk } from '../../support/client-mesh.ts';

/** A mesh that goes on while its client waits. */
function working() {
  const { client, world, access } = clientMesh();
  const { read } = access.ports.store;
  access.ports.store.read = async (paths) => {
    await world.settle(0);
    await world.clock.advance(100);
    return read.call(access.ports.store, paths);
  };
  return { client, world };
}

it('schedules at run time', async () => {
  const { client, world } = working();
  // #region run-time-schedule
  const mornings = await client.schedules.create(desk.nightly, 'berlin', {
    input: { day: 'yesterday' },
    cron: '0 6 * * 1-5',
    timeZone: 'Europe/Berlin',
    overlap: 'bufferOne',
  });
  const { nextTimes } = await mornings.read();

  await mornings.trigger({ overlap: 'allowAll' });
  await mornings.backfill({ from: new Date('2025-12-01T00:00:00Z'), to: new Date('2025-12-31T23:59:59Z') });
  await mornings.pause({ note: 'the office is closed' });
  // #endregion
  expect(nextTimes).toHaveLength(5);
  const facts = await mornings.read();
  expect(facts).toMatchObject({ paused: 'the office is closed' });
  await world.settle(86_400_000);
  expect((await mornings.read()).counts).toMatchObject({ started: 24 });
});

it('delayed start', async () => {
  const { client } = working();
  // #region delayed-start
  const handle = await client.start(desk.sell, { order: 'o-1' }, { after: '2h' });
  const { waitingFor } = await handle.read();

  await handle.cancel({ reason: 'it is not wanted any more' });
  // #endregion
  expect(waitingFor).toEqual([expect.stringMatching(/^its start at /)]);
  expect((await handle.end()).status).toBe('cancelled');
});
