import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { runCost } from '../../cli/cost/projection.ts';
import { Workload } from '../../cli/cost/workload.ts';
import { type LocalMesh, startLocalMesh } from '../../cli/local/local-mesh.ts';
import { compose } from '../../cli/messages/compose.ts';
import { runPath } from '../../shared/contract/names.ts';
import { createPorts, type GooglePorts } from '../../shared/gcp/index.ts';
import { eventually } from '../support/eventually.ts';

const STEPS = 12;

/** The projection of `mesh cost` against the documents of a run on the local cloud, its agents processes of their own. */
let mesh: LocalMesh;
let ports: GooglePorts;

beforeAll(async () => {
  const agents = join(import.meta.dirname, '../../bench/engine/agents');
  mesh = await startLocalMesh({ project: 'demo-cost', prefix: 'cost', agents, env: {} });
  const deployment = {
    project: 'demo-cost',
    prefix: 'cost',
    agent: 'cost',
    callers: [],
    queue: '',
    database: '(default)',
  };
  ports = createPorts(deployment, { env: { ...mesh.env, LOG_LEVEL: 'silent' } });
});
afterAll(async () => {
  await ports?.close();
  await mesh?.close();
});

test('a run writes as many documents as its projection says, and reads no more', async () => {
  const contract = mesh.topology.functions.find(({ agent }) => agent === 'flow')?.contract;
  const database = mesh.cloud.firestore?.store.database('demo-cost');
  const broker = mesh.cloud.pubsub?.broker;
  if (!contract || !database || !broker) throw new Error('the mesh has no flow, Firestore or Pub/Sub');
  const look = database.get.bind(database);
  const read = vi.spyOn(database, 'get');
  const written = vi.spyOn(database, 'commit');
  const published = vi.spyOn(broker, 'publish');
  const { wire, runId } = compose({
    contract,
    type: 'chain',
    data: { count: STEPS },
    prefix: 'cost',
    now: new Date(0),
  });
  await ports.bus.publish('cost-flow', [wire]);
  const run = runPath(`${runId}`);
  await eventually(async () => expect((await look([run])).documents[0]?.fields.get('endedAt')).toBeDefined());
  const expected = runCost(
    Workload.parse({
      messagesPerSecond: 1,
      stepsPerRun: STEPS,
      timersPerRun: 0,
      effectShare: 0,
      documentsPerStep: 0,
    }),
  );
  expect({
    published: published.mock.calls.reduce((sum, [, messages]) => sum + messages.length, 0),
    writes: written.mock.calls.reduce((sum, [writes]) => sum + writes.length, 0),
  }).toEqual({ published: expected.published, writes: expected.writes });
  expect(read.mock.calls.reduce((sum, [paths]) => sum + paths.length, 0)).toBeLessThanOrEqual(expected.reads);
});
