import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Project } from './mesh-up/command.ts';

const ORDERS = 12;
const order = (orderId: string) => ({
  orderId,
  customer: { name: 'Ada Example', email: 'ada@example.com', phone: '+12125550123' },
  address: { street: '1 Maple Street', city: 'Salem', postalCode: '12345', country: 'US' },
  lines: [{ sku: 'MUG-01', quantity: 1, unitPrice: 1_200 }],
  currency: 'usd',
  payment: { method: 'pm_card_visa' },
});

const project = new Project();
let mesh: Awaited<ReturnType<Project['up']>>;

beforeAll(async () => {
  mesh = await project.up();
  await project.run([
    'publish',
    'inventory',
    'restock',
    JSON.stringify({ lines: [{ sku: 'MUG-01', quantity: 100 }] }),
  ]);
});
afterAll(() => project.close());

const sandbox = (name: string, path: string, init: RequestInit = {}) =>
  fetch(`${mesh.state.addresses[name]}/_sandbox/${path}`, init);
const setFaults = (rules: readonly object[]) =>
  sandbox('shipping', 'faults', { method: 'PUT', body: JSON.stringify({ rules }) });
const books = async (name: string) => (await (await sandbox(name, 'books')).json()) as never;
const json = async (...args: string[]) =>
  JSON.parse((await project.run([...args, '--json'])).stdout) as never;

/** The state of the shipping agent's breaker, as its instances share it. */
async function breaker(): Promise<string | undefined> {
  const { firestore } = mesh.state.addresses;
  const { createPorts } = await import('../../shared/gcp/index.ts');
  const deployment = {
    project: mesh.state.project,
    prefix: 'mesh',
    agent: 'shipping',
    callers: [],
    queue: '',
    database: '(default)',
  };
  const ports = createPorts(deployment, { env: { FIRESTORE_EMULATOR_HOST: firestore, LOG_LEVEL: 'silent' } });
  try {
    const [document] = await ports.store.read(['agents/shipping/breakers/shipping']);
    return document?.fields.state as string | undefined;
  } finally {
    await ports.close();
  }
}

test('a provider that is down for a while costs no order, and no dead letter', async () => {
  await setFaults([{ kind: 'fail', status: 503 }]);
  const ids = Array.from({ length: ORDERS }, (_, at) => `outage-${at}`);
  await fetch(
    `http://${mesh.state.addresses.pubsub}/v1/projects/${mesh.state.project}/topics/mesh-orders:publish`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        messages: ids.map((id) => ({
          data: Buffer.from(JSON.stringify(order(id))).toString('base64'),
          attributes: { type: 'fulfill-order' },
        })),
      }),
    },
  );
  await eventually(async () => expect(await breaker()).toBe('open'), 100);
  await setFaults([]);
  await eventually(async () => {
    const runs: { key: string; status: string }[] = await json(
      'runs',
      'list',
      '--status',
      'completed',
      '--limit',
      '100',
    );
    expect(runs.filter(({ key }) => ids.includes(key))).toHaveLength(ORDERS);
  }, 500);
  expect(await breaker()).toBe('closed');
  expect(await json('dead-letters', 'list')).toEqual([]);
  expect(await books('shipping')).toMatchObject({ live: { length: ORDERS } });
  expect(await books('stripe')).toMatchObject({ totals: { usd: { net: ORDERS * 1_200 } } });
});
