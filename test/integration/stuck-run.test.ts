import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFirestore } from '../../emulator/firestore/server.ts';
import { startPubSub } from '../../emulator/pubsub/server.ts';
import { type RunServer, startRun } from '../../emulator/run/server.ts';
import { startTasks } from '../../emulator/tasks/server.ts';
import { deploymentEnv } from '../../shared/contract/deployment.ts';
import { runIdOf } from '../../shared/contract/keys.ts';
import { runPath, topicOf } from '../../shared/contract/names.ts';
import { applyTopology, createPorts, type GooglePorts } from '../../shared/gcp/index.ts';
import { computeTopology } from '../../shared/topology.ts';
import { decodeRun } from '../../shared/workflow/run-record.ts';
import { eventually } from '../support/eventually.ts';
import { looper } from './function/looper-contract.ts';

const SOURCE = fileURLToPath(new URL('./function/looper.ts', import.meta.url));
const lineOf = (code: string) =>
  readFileSync(SOURCE, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(code)) + 1;

const lines: string[] = [];
let pubsub: Awaited<ReturnType<typeof startPubSub>>;
let firestore: Awaited<ReturnType<typeof startFirestore>>;
let tasks: Awaited<ReturnType<typeof startTasks>>;
let run: RunServer;
let ports: GooglePorts;

beforeAll(async () => {
  [pubsub, firestore, tasks, run] = await Promise.all([
    startPubSub(),
    startFirestore(),
    startTasks(),
    startRun({ onLine: ({ text }) => lines.push(text) }),
  ]);
  const topology = computeTopology([looper.contract], { project: 'demo-mesh' });
  const deployment = topology.functions[0]?.deployment;
  if (!deployment) throw new Error('the topology has no function');
  const env = {
    PUBSUB_EMULATOR_HOST: pubsub.address,
    FIRESTORE_EMULATOR_HOST: firestore.address,
    CLOUD_TASKS_EMULATOR_HOST: tasks.address,
  };
  run.deploy({
    name: 'looper',
    target: 'looper',
    source: SOURCE,
    env: { ...env, ...deploymentEnv(deployment), MESH_TURN_SECONDS: '1' },
  });
  await applyTopology(topology, { endpointOf: (agent) => run.urlOf(agent), env });
  ports = createPorts(deployment, { env });
});
afterAll(async () => {
  await Promise.all([run?.close(), ports?.close()]);
  await Promise.all([pubsub?.close(), firestore?.close(), tasks?.close()]);
});

const send = (type: string, data: unknown, attributes: Record<string, string> = {}) =>
  ports.bus.publish(topicOf('mesh', 'looper'), [
    { data: Buffer.from(JSON.stringify(data)), attributes: { 'ce-type': type, ...attributes } },
  ]);
const start = (id: string, loop: string) => send('looper.job', { id, loop });
const signal = (id: string) => send('mesh.signal', { name: 'go' }, { runid: runIdOf('job', id) });
const found = async (id: string) => {
  const [document] = await ports.store.read([runPath(runIdOf('job', id))]);
  return document && decodeRun(document);
};
const becomes = (id: string, expected: object) =>
  eventually(async () => expect(await found(id)).toMatchObject(expected));

test('a run that loops is parked by name of its line, and the others of its agent go on', async () => {
  await start('good', 'no');
  await becomes('good', { status: 'running' });
  await Promise.all([start('sync', 'at once'), start('ticking', 'after a signal')]);
  await Promise.all([signal('good'), signal('ticking')]);
  const stuck = (code: string) => ({
    status: 'blocked',
    failure: { code: 'WorkflowStuck', message: expect.stringMatching(`looper.ts:${lineOf(code)}$`) },
  });
  await Promise.all([
    becomes('good', { status: 'completed', output: 'done' }),
    becomes('sync', stuck("while (loop === 'at once')")),
    becomes('ticking', stuck('for (;;) await null')),
  ]);
  // Neither is begun again, and a run that comes after them is served.
  const ended = () => lines.filter((line) => line.includes('SIGKILL')).length;
  const before = ended();
  await start('later', 'no');
  await signal('later');
  await becomes('later', { status: 'completed' });
  expect(ended()).toBe(before);
  expect(lines.filter((line) => line.includes('did not come to rest, and is ended'))).toHaveLength(before);
});

test('a run that is parked so can be cancelled', async () => {
  await send('mesh.cancel', {}, { runid: runIdOf('job', 'sync') });
  await becomes('sync', { status: 'cancelled' });
});
