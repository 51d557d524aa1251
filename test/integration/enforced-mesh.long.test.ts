import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CANARY } from '../../shared/contract/message.ts';
import { eventually } from '../support/eventually.ts';
import {
  type EnforcedMesh,
  giveUpEarly,
  playSample,
  publish,
  REFUSED,
  runStatus,
  startEnforcedMesh,
  tasksWith,
} from './enforced-mesh/enforced-mesh.ts';
import { Project } from './mesh-up/command.ts';

/** Of deploying, and of building what is deployed: nothing that runs makes use of them. */
const DELIVERY = /^(serviceAccount:mesh-(build|deploy|preview)@|principal(Set)?:)/;
const order = (orderId: string, sku = 'MUG-01') => ({
  orderId,
  customer: { name: 'Ada Example', email: 'ada@example.com', phone: '+12125550123' },
  address: { street: '1 Maple Street', city: 'Salem', postalCode: '12345', country: 'US' },
  lines: [{ sku, quantity: 1, unitPrice: 1_200 }],
  currency: 'usd',
  payment: { method: 'pm_card_visa' },
});
/** What the agents, and the services that call them, are granted to run. */
const ROLES = [
  'roles/cloudtasks.enqueuer',
  'roles/datastore.user',
  'roles/iam.serviceAccountTokenCreator',
  'roles/iam.serviceAccountUser',
  'roles/pubsub.publisher',
  'roles/pubsub.subscriber',
  'roles/run.invoker',
  'roles/secretmanager.secretAccessor',
];

describe('a mesh that is held to the grants of its stack', () => {
  let held: EnforcedMesh;
  beforeAll(async () => {
    held = await startEnforcedMesh();
  });
  afterAll(() => held.close());

  test('does its work: the books of the sample balance, and nobody is refused anything', async () => {
    const report = await playSample(held.mesh, 40, 11);
    expect(report).toMatchObject({ orders: 40, open: 0, balanced: true });
    // The sample refunds some orders, and which ones depends on how fast the machine is. This one is charged, finds no stock and is refunded.
    await publish(held.mesh, 'mesh-orders', { type: 'fulfill-order' }, order('refunded', 'SOLD-OUT'));
    await eventually(async () => expect(await runStatus(held.mesh, 'refunded')).toBe('failed'));
    expect([...held.ledger.denied]).toEqual([]);
  });

  test('has no grant that nothing needs, and none twice', async () => {
    const { mesh, topology, ledger } = held;
    const { scheduler } = mesh.cloud;
    for (const { name } of topology.schedules) await scheduler.core.run(name);
    // The last piece is taken: an event.
    await publish(mesh, 'mesh-inventory', { type: 'restock' }, { lines: [{ sku: 'LAST-01', quantity: 1 }] });
    await publish(
      mesh,
      'mesh-inventory',
      { type: 'reserve' },
      { orderId: 'last', lines: [{ sku: 'LAST-01', quantity: 1 }] },
    );
    await giveUpEarly(mesh, topology);
    // Each agent sets a timer for its message, however slow the machine is. The timers are run by hand below.
    const notbefore = '2100-01-01T00:00:00.000Z';
    for (const { agent, contract, deployment } of topology.functions) {
      const [command] = Object.keys(contract.commands);
      const type = command ?? 'mesh.dead-letter';
      await publish(mesh, `mesh-${agent}`, { type: CANARY, notbefore }, {});
      // A message that the agent cannot take: a dead letter.
      await publish(mesh, `mesh-${agent}`, { type }, 'nothing of the kind');
      if (command === undefined) await publish(mesh, `mesh-${agent}`, { type: 'x.unknown' }, null);
      // A call that dies: whoever waits for the answer is told by the recorder of dead letters.
      for (const replyto of deployment.callers.filter((caller) => !caller.includes(':')))
        await publish(mesh, `mesh-${agent}`, { type, replyto, runid: 'r', stepid: 's' }, 'no such thing');
      // Pub/Sub gives up on these, at the agent's subscription and at that of its dead letters.
      await publish(mesh, `mesh-${agent}`, { type, [REFUSED]: 'yes' }, null);
      for (const event of Object.keys(contract.subscribes))
        await publish(mesh, 'mesh-events', { 'ce-type': event, [REFUSED]: 'yes' }, null);
    }
    const deferred = () => tasksWith(mesh, topology, notbefore);
    await eventually(() => expect(deferred()).toHaveLength(topology.functions.length));
    for (const { name } of deferred()) mesh.cloud.tasks.core.runTask(name);
    const ours = ledger.grants.filter(({ member }) => !DELIVERY.test(member));
    expect([...new Set(ours.map(({ role }) => role))].sort()).toEqual(ROLES);
    const idle = () => ledger.idle.filter(({ member }) => !DELIVERY.test(member));
    await eventually(() => expect(idle()).toEqual([]));
    expect([...ledger.denied]).toEqual([]);
    expect([...ledger.doubly]).toEqual([]);
    // Without any one of them, something that was done would have been refused.
    expect(ledger.superfluous.filter(({ member }) => !DELIVERY.test(member))).toEqual([]);
    expect(ledger.superfluous.length).toBe(ledger.grants.length - ours.length);
  });
});

describe('a mesh that lacks a grant', () => {
  const account = (name: string) => `${name}@demo-enforced.iam.gserviceaccount.com`;
  const at = (path: string) => `projects/demo-enforced/${path}`;
  let held: EnforcedMesh;
  beforeAll(async () => {
    held = await startEnforcedMesh();
    await publish(
      held.mesh,
      'mesh-inventory',
      { type: 'restock' },
      { lines: [{ sku: 'MUG-01', quantity: 50 }] },
    );
    // Until an order is fulfilled, everything is there and warm: what an order does not do from here on, it is kept from. A charge has five
    // seconds, which an agent that has yet to start may miss.
    let status: unknown;
    for (let tried = 0; status !== 'completed'; tried += 1) {
      const orderId = `with-everything-${tried}`;
      await publish(held.mesh, 'mesh-orders', { type: 'fulfill-order' }, order(orderId));
      status = await eventually(async () => {
        const ended = await runStatus(held.mesh, orderId);
        expect(['completed', 'failed']).toContain(ended);
        return ended;
      });
    }
  });
  afterAll(() => held.close());

  // Each row is about the last step of an order: its deadline is ten minutes away, where that of the charge is five seconds.
  test.each([
    {
      what: 'to publish',
      member: `serviceAccount:${account('mesh-orders')}`,
      role: 'roles/pubsub.publisher',
      resource: at('topics/mesh-notifications'),
      permission: 'pubsub.topics.publish',
    },
    {
      what: 'to use the database',
      member: `serviceAccount:${account('mesh-notifications')}`,
      role: 'roles/datastore.user',
      resource: at('databases/(default)'),
      permission: 'datastore.entities.get',
    },
    {
      what: 'to call a function',
      member: `serviceAccount:${account('mesh-notifications-push')}`,
      principal: account('mesh-notifications-push'),
      role: 'roles/run.invoker',
      resource: at('locations/us-central1/services/mesh-notifications'),
      permission: 'run.routes.invoke',
    },
    {
      what: 'to read a secret',
      member: `serviceAccount:${account('mesh-notifications')}`,
      role: 'roles/secretmanager.secretAccessor',
      resource: at('secrets/twilio-account-sid'),
      permission: 'secretmanager.versions.access',
      below: '/versions/latest',
    },
  ])(
    '$what: an order stands still, the refusal tells why, and once it is granted the order goes on',
    async (row) => {
      const { mesh, ledger } = held;
      const { member, principal = member, role, resource, below = '', permission } = row;
      const orderId = `without-${role.replace(/\W/g, '-')}`;
      const denial = `${principal} ${permission} ${resource}${below}`;
      const giveBack = ledger.revoke({ member, role, resource });
      // A new instance remembers nothing.
      mesh.run.kill('notifications');
      await publish(mesh, 'mesh-orders', { type: 'fulfill-order' }, order(orderId));
      await eventually(() => expect([...ledger.denied]).toContain(denial));
      expect(await runStatus(mesh, orderId)).not.toBe('completed');
      giveBack();
      await eventually(async () => expect(await runStatus(mesh, orderId)).toBe('completed'));
      expect([...ledger.denied].filter((each) => !each.startsWith(principal))).toEqual([]);
      ledger.denied.clear();
    },
  );

  test('to take from a subscription: Pub/Sub forwards no dead letter of it', async () => {
    const { mesh, ledger, topology } = held;
    const agent = 'serviceAccount:service-local@gcp-sa-pubsub.iam.gserviceaccount.com';
    const resource = at('subscriptions/mesh-shipping');
    const role = 'roles/pubsub.subscriber';
    const granted = ledger.grants.find((grant) => grant.resource === resource && grant.role === role);
    if (!granted) throw new Error('Pub/Sub is not granted to take from the subscription');
    await giveUpEarly(mesh, topology);
    const giveBack = ledger.revoke(granted);
    const doomed = { type: 'ship', [REFUSED]: 'yes' };
    await publish(mesh, 'mesh-shipping', doomed, null);
    const denial = `${agent} pubsub.subscriptions.consume ${resource}`;
    await eventually(() => expect([...ledger.denied]).toContain(denial));
    giveBack();
    // Now it is, and those of the dead-letter topic are next.
    const next = `${granted.member} ${role} ${at('subscriptions/mesh-shipping-dead')}`;
    await eventually(() => expect([...ledger.needed]).toContain(next));
  });

  test('to call a function at all: who shows no token, or a token of somebody else, gets a 403', async () => {
    const call = async (headers: Record<string, string>) => {
      const response = await fetch(`http://${held.mesh.addresses.run}/shipping/healthz`, { headers });
      await response.text();
      return response.status;
    };
    expect(await call({})).toBe(403);
    expect(await call({ 'x-emulator-principal': account('mesh-orders-push') })).toBe(403);
    expect(await call({ 'x-emulator-principal': account('mesh-shipping-push') })).toBe(200);
  });

  test('of the scheduler: its job fails, and says why', async () => {
    const { mesh, ledger, topology } = held;
    const resource = at('topics/mesh-reports');
    const granted = ledger.grants.find(
      (grant) => grant.resource === resource && grant.member.includes('gcp-sa-cloudscheduler'),
    );
    const job = topology.schedules.find(({ agent }) => agent === 'reports');
    if (!granted || !job) throw new Error('there is no schedule of the reports, or it is not granted');
    const giveBack = ledger.revoke(granted);
    const { lastAttempt } = await mesh.cloud.scheduler.core.run(job.name);
    expect(lastAttempt?.outcome).toEqual({
      ok: false,
      message: expect.stringContaining('PERMISSION_DENIED'),
    });
    giveBack();
    expect((await mesh.cloud.scheduler.core.run(job.name)).lastAttempt?.outcome).toEqual({ ok: true });
  });
});

describe('mesh up --enforce-iam', () => {
  const project = new Project();
  afterAll(() => project.close());

  test('leaves the operator everything: other commands work on it as ever', async () => {
    await project.up(['--enforce-iam', 'prod']);
    const restock = JSON.stringify({ lines: [{ sku: 'MUG-01', quantity: 5 }] });
    for (const args of [
      ['publish', 'inventory', 'restock', restock],
      ['runs', 'list'],
      ['dead-letters', 'list'],
      ['schedules', 'list'],
      ['diagnose'],
    ])
      expect(await project.run(args), args.join(' ')).toMatchObject({ exitCode: 0 });
  });

  test('says which stack it does not find, and starts nothing', async () => {
    const other = new Project();
    const { exitCode, stderr } = await other
      .run(['up', '--enforce-iam', 'nowhere'])
      .finally(() => other.close());
    expect({ exitCode, stderr }).toEqual({
      exitCode: 6,
      stderr: expect.stringContaining('Pulumi.nowhere.yaml'),
    });
  });
});
