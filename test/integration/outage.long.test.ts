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
  // Every agent is warm from here on: a charge has five seconds.
  await project.run(['publish', 'orders', 'fulfill-order', JSON.stringify(order('first')), '--wait']);
});
afterAll(() => project.close());

const sandbox = (name: string, path: string, init: RequestInit = {}) =>
  fetch(`${mesh.state.addresses[name]}/_sandbox/${path}`, init);
const setFaults = (rules: readonly object[]) =>
  sandbox('shipping', 'faults', { method: 'PUT', body: JSON.stringify({ rules }) });
const books = async <Books>(name: string): Promise<Books> =>
  (await (await sandbox(name, 'books')).json()) as Books;
/** What was captured and not refunded, in cents. */
const net = async () => (await books<{ totals: { usd?: { net: number } } }>('stripe')).totals.usd?.net ?? 0;
const labels = async () => (await books<{ live: readonly unknown[] }>('shipping')).live.length;
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
  const before = { net: await net(), labels: await labels() };
  await setFaults([{ kind: 'fail', status: 503 }]);
  const ids = Array.from({ length: ORDERS }, (_, at) => `outage-${at}`);
  for (const [at, id] of ids.entries()) {
    await publish(order(id));
    // One charge at a time: none waits for another until its own time is up.
    await eventually(async () => expect(await net()).toBe(before.net + (at + 1) * 1_200));
  }
  await eventually(async () => expect(await breaker()).toBe('open'), 100);
  await setFaults([]);
  await eventually(async () => {
    const runs: { key: string; status: string }[] = await json(
      ...['runs', 'list', '--status', 'completed', '--limit', '100'],
    );
    expect(runs.filter(({ key }) => ids.includes(key))).toHaveLength(ORDERS);
  }, 500);
  expect(await breaker()).toBe('closed');
  expect(await json('dead-letters', 'list')).toEqual([]);
  expect(await labels()).toBe(before.labels + ORDERS);
  expect(await net()).toBe(before.net + ORDERS * 1_200);
});

async function publish(data: unknown): Promise<void> {
  const { addresses, project: id } = mesh.state;
  const message = {
    data: Buffer.from(JSON.stringify(data)).toString('base64'),
    attributes: { type: 'fulfill-order' },
  };
  const response = await fetch(`http://${addresses.pubsub}/v1/projects/${id}/topics/mesh-orders:publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [message] }),
  });
  expect(response.status).toBe(200);
}
