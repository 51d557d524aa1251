import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startFirestore } from '../../emulator/firestore/server.ts';
import { startPubSub } from '../../emulator/pubsub/server.ts';
import type { Delivery } from '../../shared/contract/message.ts';
import { createPorts, type GooglePorts } from '../../shared/gcp/index.ts';
import { createKernel } from '../../shared/kernel/kernel.ts';
import { computeTopology } from '../../shared/topology.ts';
import { FaultPlan } from '../support/faults.ts';
import { ledgerMesh, Vault } from '../support/ledger-mesh.ts';

const agents = ledgerMesh(new Vault(), new FaultPlan());
const topology = computeTopology(
  agents.map(({ contract }) => contract),
  { project: 'demo-mesh' },
);

/** The kernel over the real Google clients, whose requests are counted where they arrive. */
describe('the requests of one step, counted on the wire (I5)', () => {
  let firestore: Awaited<ReturnType<typeof startFirestore>>;
  let pubsub: Awaited<ReturnType<typeof startPubSub>>;
  const open: GooglePorts[] = [];
  const publishes = vi.fn();

  beforeAll(async () => {
    [firestore, pubsub] = await Promise.all([startFirestore(), startPubSub()]);
    for (const { name } of topology.topics)
      pubsub.broker.createTopic({ name: `projects/demo-mesh/topics/${name}` });
    const publish = pubsub.broker.publish.bind(pubsub.broker);
    pubsub.broker.publish = (topic, messages) => {
      publishes(topic.replace(/^.*\//, ''), messages.length);
      return publish(topic, messages);
    };
  });
  afterAll(async () => {
    await Promise.all(open.map((ports) => ports.close()));
    await Promise.all([firestore.close(), pubsub.close()]);
  });
  beforeEach(() => {
    firestore.resetCalls();
    publishes.mockClear();
  });

  async function handle(agent: string, type: string, id: string, data: unknown) {
    const deployment = topology.functions.find((fn) => fn.agent === agent)?.deployment;
    const built = agents.find(({ contract }) => contract.name === agent);
    if (!deployment || !built) throw new Error(agent);
    const env = {
      PUBSUB_EMULATOR_HOST: pubsub.address,
      FIRESTORE_EMULATOR_HOST: firestore.address,
      LOG_LEVEL: 'silent',
    };
    const ports = createPorts(deployment, { env });
    open.push(ports);
    const kernel = createKernel({ contract: built.contract, deployment, ports, routes: built.routes(ports) });
    const delivery: Delivery = {
      data: Buffer.from(JSON.stringify(data)),
      attributes: { 'ce-type': type, 'ce-id': id, 'ce-source': '/test' },
      messageId: id,
      publishTime: new Date(0).toISOString(),
      subscription: `mesh-${agent}`,
    };
    return kernel.handle(delivery);
  }

  it('a commit step: one read, one commit, one publish for each topic', async () => {
    expect(await handle('till', 'sell', 'first', { account: 'a', amount: 5 })).toEqual({ kind: 'ack' });
    expect(firestore.calls).toEqual({ BatchGetDocuments: 1, Commit: 1 });
    expect(publishes.mock.calls.sort()).toEqual([
      ['mesh-bank', 1],
      ['mesh-events', 1],
    ]);
  });

  it('the same message again: one read, its outbox published again, no commit', async () => {
    expect(await handle('till', 'sell', 'first', { account: 'a', amount: 5 })).toEqual({
      kind: 'ack',
      duplicate: true,
    });
    expect(firestore.calls).toEqual({ BatchGetDocuments: 1 });
    expect(publishes).toHaveBeenCalledTimes(2);
  });

  it('an effect step: one commit more, for its claim', async () => {
    expect(await handle('bank', 'deposit', 'second', { amount: 5 })).toEqual({ kind: 'ack' });
    expect(firestore.calls).toEqual({ BatchGetDocuments: 1, Commit: 2 });
    expect(publishes).not.toHaveBeenCalled();
  });

  it('a dead letter: one publish, and Firestore is not asked', async () => {
    expect(await handle('till', 'sell', 'third', { account: 'a' })).toMatchObject({ kind: 'dead-letter' });
    expect(firestore.calls).toEqual({});
    expect(publishes.mock.calls).toEqual([['mesh-till-dead', 1]]);
  });
});
