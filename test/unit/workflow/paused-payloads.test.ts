import { expect, test } from 'vitest';
import * as z from 'zod';
import { inPlaceOf, toBlob } from '../../../shared/contract/claim-check.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { Json } from '../../../shared/contract/json.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { PAUSE, RESUME, SIGNAL, SWEEP } from '../../../shared/contract/message.ts';
import { Blobs } from '../../../shared/kernel/blobs.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { decodeRun } from '../../../shared/workflow/run-record.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import { World } from '../../support/world.ts';

const DAY_MS = 86_400_000;
const RUN = runIdOf('wait', 'w');
const input = z.object({ id: z.string() });
const { contract } = defineAgent({
  name: 'desk',
  workflows: { wait: { input, output: z.number(), key: 'id' } },
  limits: { inlineBytes: 400, claimCheckBytes: 100_000 },
});
const wait = defineWorkflow({
  name: 'wait',
  version: 1,
  input,
  output: z.number(),
  run: async (wf) => (await wf.signal('go', { schema: z.string() })).length,
});

function mesh() {
  const world = new World({
    agents: [{ contract, routes: (ports) => workflowRoutes({ ...ports, contract, definitions: [wait] }) }],
  });
  const send = (type: string, data: Json = {}) =>
    world.publish('mesh-desk', {
      data: Buffer.from(JSON.stringify(data)),
      attributes: { 'ce-type': type, runid: RUN },
    });
  const run = () => {
    const document = world.store.documents.get(`workflows/${RUN}`);
    if (!document) throw new Error('there is no run');
    return decodeRun(document);
  };
  const blob = toBlob('x'.repeat(5_000));
  /** A run that is paused, and keeps a signal by claim check. */
  const paused = async () => {
    world.command('desk', 'wait', { id: 'w' });
    await world.settle(DAY_MS);
    send(PAUSE);
    await world.settle(DAY_MS);
    expect(run()).toMatchObject({ status: 'paused' });
    await new Blobs(world.store, world.clock).write([blob]);
    send(SIGNAL, { name: 'go', payload: inPlaceOf(blob.check) });
  };
  const pass = async (ms: number) => {
    const later = world.clock.now() + ms;
    await world.settle(ms);
    await world.clock.advance(later - world.clock.now());
  };
  const isKept = () => {
    const { expireAt } = world.store.documents.get(`blobs/${blob.check.sha256}`)?.fields ?? {};
    return expireAt instanceof Date && expireAt.getTime() > world.clock.now();
  };
  return { world, send, run, paused, pass, isKept };
}

test('what came by claim check for a paused run is kept for as long as that is paused', async () => {
  const { world, send, run, paused, pass, isKept } = mesh();
  await paused();
  await pass(300 * DAY_MS);
  expect(isKept()).toBe(true);
  send(RESUME);
  await world.settle(DAY_MS);
  expect(run()).toMatchObject({ status: 'completed', output: 5_000 });
});

test('and so it is though the timer was lost by which it is looked after', async () => {
  const { world, send, paused, pass, isKept } = mesh();
  const { timers } = world.ports;
  const { schedule } = timers;
  timers.schedule = async () => {};
  await paused();
  await pass(DAY_MS);
  timers.schedule = schedule;
  await pass(29 * DAY_MS);
  send(SWEEP);
  await pass(100 * DAY_MS);
  expect(isKept()).toBe(true);
});
