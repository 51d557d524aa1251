import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { startFirestore } from '../../emulator/firestore/server.ts';
import { startPubSub } from '../../emulator/pubsub/server.ts';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import type { Deployment } from '../../shared/contract/deployment.ts';
import type { Delivery } from '../../shared/contract/message.ts';
import { createPorts, type GooglePorts } from '../../shared/gcp/index.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import { createKernel } from '../../shared/kernel/kernel.ts';
import { ManualClock } from '../../shared/testing/manual-clock.ts';
import { computeTopology } from '../../shared/topology.ts';
import { accountMesh, accounts, OutsideLedger } from '../support/account-mesh.ts';
import { FaultPlan } from '../support/faults.ts';
import { ledgerMesh, Vault } from '../support/ledger-mesh.ts';

const agents = ledgerMesh(new Vault(), new FaultPlan());
const topology = computeTopology(
  agents.map(({ contract }) => contract),
  { project: 'demo-mesh' },
);

const caller = defineAgent({
  name: 'caller',
  commands: { call: { mode: 'effect', input: z.object({}) } },
  providers: { acme: { rate: '1000/h', breaker: {}, bulkhead: 50 } },
});
const callerHandlers = {
  call: (_input, ctx) => ctx.provider('acme').call(async () => undefined),
} satisfies HandlersOf<typeof caller>;

const echo = defineAgent({ name: 'echo', commands: { say: { input: z.object({ text: z.string() }) } } });
const echoHandlers = { say: () => undefined } satisfies HandlersOf<typeof echo>;

const deliveryOf = (agent: string, type: string, id: string, data: unknown): Delivery => ({
  data: Buffer.from(JSON.stringify(data)),
  attributes: { 'ce-type': type, 'ce-id': id, 'ce-source': '/test' },
  messageId: id,
  publishTime: new Date(0).toISOString(),
  subscription: `mesh-${agent}`,
});

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

  function portsOf(deployment: Deployment): GooglePorts {
    const env = {
      PUBSUB_EMULATOR_HOST: pubsub.address,
      FIRESTORE_EMULATOR_HOST: firestore.address,
      LOG_LEVEL: 'silent',
    };
    const ports = createPorts(deployment, { env });
    open.push(ports);
    return ports;
  }

  async function handle(agent: string, type: string, id: string, data: unknown) {
    const deployment = topology.functions.find((fn) => fn.agent === agent)?.deployment;
    const built = agents.find(({ contract }) => contract.name === agent);
    if (!deployment || !built) throw new Error(agent);
    const ports = portsOf(deployment);
    const kernel = createKernel({ contract: built.contract, deployment, ports, routes: built.routes(ports) });
    return kernel.handle(deliveryOf(agent, type, id, data));
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

  it('a commit step that needs no state: one commit', async () => {
    const [fn] = computeTopology([echo.contract], { project: 'demo-mesh' }).functions;
    if (!fn) throw new Error('no function');
    const ports = portsOf(fn.deployment);
    const routes = handlerRoutes({ ...ports, contract: echo.contract, handlers: echoHandlers, env: {} });
    const kernel = createKernel({ contract: echo.contract, deployment: fn.deployment, ports, routes });
    expect(await kernel.handle(deliveryOf('echo', 'say', 'say', { text: 'hello' }))).toEqual({ kind: 'ack' });
    expect(firestore.calls).toEqual({ Commit: 1 });
  });

  it('an effect step: one commit more, for its claim', async () => {
    expect(await handle('bank', 'deposit', 'second', { amount: 5 })).toEqual({ kind: 'ack' });
    expect(firestore.calls).toEqual({ BatchGetDocuments: 1, Commit: 2 });
    expect(publishes).not.toHaveBeenCalled();
  });

  it('steps that call a provider: a read of its breaker and a commit for its rate, for all of them together', async () => {
    const [fn] = computeTopology([caller.contract], { project: 'demo-mesh' }).functions;
    if (!fn) throw new Error('no function');
    const ports = portsOf(fn.deployment);
    const kernel = createKernel({
      contract: caller.contract,
      deployment: fn.deployment,
      ports,
      // The clock stands still: nothing is due to be looked up again.
      routes: handlerRoutes({
        ...ports,
        clock: new ManualClock(),
        contract: caller.contract,
        handlers: callerHandlers,
        env: {},
      }),
    });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, at) => kernel.handle(deliveryOf('caller', 'call', `call-${at}`, {}))),
    );
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['ack']));
    expect(firestore.calls).toEqual({ BatchGetDocuments: 50 + 1, Commit: 2 * 50 + 1 });
  });

  it('a step of an entity that nobody else is at: no more than any other', async () => {
    const [fn] = computeTopology([accounts.contract], { project: 'demo-mesh' }).functions;
    const built = accountMesh(new OutsideLedger(), new FaultPlan())[0];
    if (!fn || !built) throw new Error('no function');
    const ports = portsOf(fn.deployment);
    const { contract } = built;
    const kernel = createKernel({ contract, deployment: fn.deployment, ports, routes: built.routes(ports) });
    const move = { accountId: 'a', amount: 5 };
    expect(await kernel.handle(deliveryOf('accounts', 'move', 'move', move))).toEqual({ kind: 'ack' });
    expect(firestore.calls).toEqual({ BatchGetDocuments: 1, Commit: 2 });
    firestore.resetCalls();
    expect(await kernel.handle(deliveryOf('accounts', 'note', 'note', move))).toEqual({ kind: 'ack' });
    expect(firestore.calls).toEqual({ BatchGetDocuments: 1, Commit: 1 });
  });

  it('a dead letter: one publish, and Firestore is not asked', async () => {
    expect(await handle('till', 'sell', 'third', { account: 'a' })).toMatchObject({ kind: 'dead-letter' });
    expect(firestore.calls).toEqual({});
    expect(publishes.mock.calls).toEqual([['mesh-till-dead', 1]]);
  });
});
