import { describe, expect, it } from 'vitest';
import { runIdOf } from '../../shared/contract/keys.ts';
import { runPath } from '../../shared/contract/names.ts';
import { decodeRun } from '../../shared/workflow/run-record.ts';
import { FaultPlan } from '../support/faults.ts';
import { Agency, sagaMesh } from '../support/saga-mesh.ts';
import { World } from '../support/world.ts';

const runid = runIdOf('book-trip', 'rome');

/** A trip whose first step is answered with `reply`, the agent's own answers being late. */
async function answered(reply: unknown) {
  const agency = new Agency();
  const plan = new FaultPlan();
  const world: World = new World({
    agents: sagaMesh(agency, plan),
    plan,
    delay: ({ attributes }) => (attributes['ce-source'] === '/agents/bookings' ? 20_000 : 0),
    meanwhile: (deliveries) => {
      if (deliveries === 1) world.command('trips', 'mesh.reply', reply, { runid, stepid: '1.1' });
    },
  });
  world.command('trips', 'book-trip', { tripId: 'rome' });
  await world.settle();
  const document = world.store.documents.get(runPath(runid));
  if (!document) throw new Error('no run');
  const letters = await world.store.query({ collection: 'deadLetters' });
  return { run: decodeRun(document), agency, deadLetters: letters.map(({ fields }) => fields.code) };
}

describe('a reply that the run can make nothing of does not leave it waiting', () => {
  it('because it is larger than the contract allows: its step failed, and is undone', async () => {
    const reply = { ok: true, output: { reference: 'x'.repeat(200_000) } };
    const { run, agency, deadLetters } = await answered(reply);
    expect(run).toMatchObject({ status: 'failed', failure: { code: 'PayloadTooLarge' } });
    expect([...agency.live]).toEqual([]);
    expect(deadLetters).toEqual([]);
  });

  it('because its code is one that only newer code knows', async () => {
    const reply = { ok: false, error: { code: 'QuotaOfTheFuture', message: 'too much' } };
    const { run, agency, deadLetters } = await answered(reply);
    expect(run).toMatchObject({
      status: 'failed',
      failure: { code: 'HandlerFailed', message: 'too much' },
    });
    expect([...agency.live]).toEqual([]);
    expect(deadLetters).toEqual([]);
  });
});
