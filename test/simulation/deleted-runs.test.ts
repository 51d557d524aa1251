import { describe, expect, it } from 'vitest';
import { runIdOf } from '../../shared/contract/keys.ts';
import { runPath } from '../../shared/contract/names.ts';
import { decodeRun } from '../../shared/workflow/run-record.ts';
import { FaultPlan } from '../support/faults.ts';
import { Agency, sagaMesh } from '../support/saga-mesh.ts';
import { World } from '../support/world.ts';

const RUN = runIdOf('book-trip', 'rome');
const APPROVAL = { name: 'approve', payload: { by: 'ann' } };
const DAY_MS = 86_400_000;

function mesh(meanwhile: (world: World, deliveries: number) => void = () => {}) {
  const agency = new Agency();
  const plan = new FaultPlan();
  const world: World = new World({
    agents: sagaMesh(agency, plan),
    plan,
    meanwhile: (deliveries) => meanwhile(world, deliveries),
  });
  const run = () => {
    const document = world.store.documents.get(runPath(RUN));
    return document && decodeRun(document);
  };
  const deadLetters = async () =>
    (await world.store.query({ collection: 'deadLetters' })).map(({ fields }) => fields.code);
  return { agency, world, run, deadLetters };
}

/** What TTL does some time after the end of a run. */
const forget = (world: World) => world.store.documents.delete(runPath(RUN));

describe('a run whose document was deleted some time after its end', () => {
  it('leaves timers behind that are no dead letters', async () => {
    const { world, run, deadLetters } = mesh((world, deliveries) => {
      if (deliveries === 3) world.command('trips', 'mesh.signal', APPROVAL, { runid: RUN });
      if (deliveries === 5) world.command('trips', 'mesh.cancel', {}, { runid: RUN });
      if (run()?.endedAt) forget(world);
    });
    world.command('trips', 'book-trip', { tripId: 'rome', approval: true });
    await world.settle();
    expect(run()).toBeUndefined();
    expect(await deadLetters()).toEqual([]);
  });

  it('is run anew when its key is used again, though the messages of the first are remembered', async () => {
    const { world, run, agency } = mesh();
    world.command('trips', 'book-trip', { tripId: 'rome', failAt: 'flight' });
    await world.settle();
    expect(run()?.status).toBe('failed');
    await world.clock.advance(31 * DAY_MS);
    forget(world);
    world.command('trips', 'book-trip', { tripId: 'rome', failAt: 'hotel' });
    await world.settle();
    // The agency books nothing under a name that was cancelled: it was asked again, and said so.
    expect(run()).toMatchObject({ status: 'failed', failure: { reason: 'cancelled' } });
    expect([...agency.live]).toEqual([]);
  });

  it('has timers that do not ring for the run which has its key now', async () => {
    // The timeout of the approval, which is step 2, as an earlier run armed it.
    const stale = { timer: 'timeout', step: '2', attempt: 0 };
    const { world, run } = mesh((world, deliveries) => {
      if (run()?.waitingFor.includes('signal approve') && deliveries < 10)
        world.command('trips', 'mesh.timer', stale, { runid: RUN, 'ce-source': '/agents/trips' });
    });
    world.command('trips', 'book-trip', { tripId: 'rome', approval: true });
    await world.settle();
    const { failure, createdAt, endedAt } = run() ?? {};
    expect(failure?.code).toBe('SignalTimeout');
    expect((endedAt?.getTime() ?? 0) - (createdAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(3_600_000);
  });
});
