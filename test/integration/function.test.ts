import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFirestore } from '../../emulator/firestore/server.ts';
import { startPubSub } from '../../emulator/pubsub/server.ts';
import { type RunServer, startRun } from '../../emulator/run/server.ts';
import { deploymentEnv } from '../../shared/contract/deployment.ts';
import { statePath, topicOf } from '../../shared/contract/names.ts';
import { applyTopology, createPorts, type GooglePorts } from '../../shared/gcp/index.ts';
import { computeTopology } from '../../shared/topology.ts';
import { eventually } from '../support/eventually.ts';
import { porter } from './function/contract.ts';

/** A gate that whoever knocks at waits before, until the test opens it. */
const waiting: ServerResponse[] = [];
const gate = createServer((_request, response) => waiting.push(response));
const lines: string[] = [];
let pubsub: Awaited<ReturnType<typeof startPubSub>>;
let firestore: Awaited<ReturnType<typeof startFirestore>>;
let run: RunServer;
let ports: GooglePorts;

beforeAll(async () => {
  gate.listen(0, '127.0.0.1');
  [pubsub, firestore, run] = await Promise.all([
    startPubSub(),
    startFirestore(),
    startRun({ onLine: ({ text }) => lines.push(text) }),
    once(gate, 'listening'),
  ]);
  const topology = computeTopology([porter.contract], { project: 'demo-mesh' });
  const deployment = topology.functions[0]?.deployment;
  if (!deployment) throw new Error('the topology has no function');
  const env = {
    PUBSUB_EMULATOR_HOST: pubsub.address,
    FIRESTORE_EMULATOR_HOST: firestore.address,
    LOG_LEVEL: 'debug',
  };
  run.deploy({
    name: 'porter',
    target: 'porter',
    source: fileURLToPath(new URL('./function/agent.ts', import.meta.url)),
    env: {
      ...env,
      ...deploymentEnv(deployment),
      GATE_URL: `http://127.0.0.1:${(gate.address() as AddressInfo).port}/`,
    },
  });
  await applyTopology(topology, { endpointOf: (agent) => run.urlOf(agent), env });
  ports = createPorts(deployment, { env });
});
afterAll(async () => {
  gate.closeAllConnections();
  gate.close();
  await Promise.all([run?.close(), ports?.close()]);
  await Promise.all([pubsub?.close(), firestore?.close()]);
});

const enter = (who: string) =>
  ports.bus.publish(topicOf('mesh', 'porter'), [
    { data: Buffer.from(JSON.stringify({ who })), attributes: { 'ce-type': 'porter.enter', 'ce-id': who } },
  ]);
const entered = async () =>
  Number((await ports.store.read([statePath('porter', 'count')]))[0]?.fields.entered ?? 0);
const knocked = (count: number) => eventually(() => expect(waiting).toHaveLength(count));

test('a function handles what Pub/Sub pushes to it, and logs it as Cloud Logging reads it', async () => {
  await enter('ada');
  await knocked(1);
  waiting[0]?.end();
  await eventually(async () => expect(await entered()).toBe(1));
  const handled = await eventually(() => {
    const line = lines.find((text) => text.includes('"handled"'));
    expect(line).toBeDefined();
    return JSON.parse(line ?? '');
  });
  expect(handled).toMatchObject({
    severity: 'DEBUG',
    message: 'handled',
    'logging.googleapis.com/labels': { agent: 'porter', mesh: 'mesh' },
    'logging.googleapis.com/trace': expect.stringMatching(/^projects\/demo-mesh\/traces\/[0-9a-f]{32}$/),
    metadata: { outcome: 'ack', deliveryAttempt: 1 },
  });
});

test.each(['timer', 'event', 'promise'])(
  'an error that nobody can catch, in a %s, ends its own message and no other',
  async (how) => {
    const before = await entered();
    const begun = waiting.length;
    const pids = run.pidsOf('porter');
    await enter(`beside the ${how}`);
    await knocked(begun + 1);
    await ports.bus.publish(topicOf('mesh', 'porter'), [
      {
        data: Buffer.from(JSON.stringify({ how })),
        attributes: { 'ce-type': 'porter.stumble', 'ce-id': `stumbler of the ${how}` },
      },
    ]);
    await eventually(() => expect(lines).toContainEqual(expect.stringContaining(`stumbled in the ${how}`)));
    waiting[begun]?.end();
    await eventually(async () => expect(await entered()).toBe(before + 1));
    expect(run.pidsOf('porter')).toEqual(pids);
    expect(waiting).toHaveLength(begun + 1);
  },
);

test('an instance that is told to end finishes what it has begun, acks it, and ends in order', async () => {
  const before = await entered();
  const begun = waiting.length;
  await enter('grace');
  await knocked(begun + 1);
  const [pid] = run.pidsOf('porter');
  process.kill(pid ?? 0, 'SIGTERM');
  waiting[begun]?.end();
  await eventually(() => expect(lines).toContainEqual(expect.stringContaining('ended with exit code 0')));
  expect(await entered()).toBe(before + 1);
  // The next message starts another instance; the one before does not come again.
  await enter('alan');
  await knocked(begun + 2);
  waiting[begun + 1]?.end();
  await eventually(async () => expect(await entered()).toBe(before + 2));
  expect(waiting).toHaveLength(begun + 2);
});
