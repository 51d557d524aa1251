import { expect, test } from 'vitest';
import type { DeadLetter } from '../../../shared/contract/dead-letter.ts';
import type { Delivery } from '../../../shared/contract/message.ts';
import { toDeadLetter, toRedrive } from '../../../shared/kernel/dead-letter.ts';
import { createKernel } from '../../../shared/kernel/kernel.ts';
import { FaultPlan } from '../../support/faults.ts';
import { ledgerMesh, Vault } from '../../support/ledger-mesh.ts';
import { World } from '../../support/world.ts';

const SCHEDULED = { 'ce-type': 'sell', 'ce-source': '/agents/till/schedules', schedule: 'nightly' };

function mesh() {
  const agents = ledgerMesh(new Vault(), new FaultPlan());
  const world = new World({ agents });
  const letters = () =>
    [...world.store.documents.values()]
      .filter(({ path }) => /^deadLetters\/[^/]+$/.test(path))
      .map(({ fields }) => JSON.parse(String(fields.letter)) as DeadLetter);
  return { world, letters, till: agents.find(({ contract }) => contract.name === 'till') };
}

/** What Cloud Scheduler told of a minute. */
const strike = (publishTime: string): Delivery => ({
  data: Buffer.from(JSON.stringify({ account: 'main', amount: 5 })),
  attributes: SCHEDULED,
  messageId: `m-${publishTime}`,
  publishTime,
  subscription: 'mesh-till',
  deliveryAttempt: 1,
});

test('what a schedule sent is redriven as the message of its minute, and not done twice', async () => {
  const { world, till } = mesh();
  const { ports } = world;
  const deployment = world.topology.functions.find(({ agent }) => agent === 'till')?.deployment;
  if (!till || !deployment) throw new TypeError('there is no till');
  const kernel = createKernel({ contract: till.contract, deployment, ports, routes: till.routes(ports) });
  const { data, messageId, publishTime, ...night } = strike('2026-01-01T03:00:00.100Z');
  await kernel.handle({ ...night, data, messageId, publishTime });
  const original = {
    data: Buffer.from(data).toString('base64'),
    attributes: SCHEDULED,
    messageId,
    publishTime,
  };
  const failure = { code: 'BusUnavailable', message: 'what follows could not be published' } as const;
  world.publish('mesh-till', toRedrive({ id: 'x', agent: 'till', failure, original }));
  await world.settle();
  expect(world.store.documents.get('agents/till/state/main')?.fields.total).toBe(5);
});

test('two minutes of a schedule that died in one are two dead letters', async () => {
  const { world, letters } = mesh();
  const failure = { code: 'DeliveriesExhausted', message: 'the store was out' } as const;
  const times = ['2026-01-01T03:00:00.100Z', '2026-01-01T03:01:00.100Z'];
  for (const time of times) world.publish('mesh-till-dead', toDeadLetter(strike(time), failure, 'till'));
  await world.settle();
  expect(letters().map(({ original }) => original.publishTime)).toEqual(times);
});
