import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { messageKey } from '../../../shared/contract/keys.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import { accountMesh, accounts, OutsideLedger } from '../../support/account-mesh.ts';
import { FaultPlan } from '../../support/faults.ts';
import { World, type WorldOptions } from '../../support/world.ts';

function mesh(options: Partial<WorldOptions> = {}) {
  const ledger = new OutsideLedger();
  const plan = options.plan ?? new FaultPlan();
  const world = new World({ agents: accountMesh(ledger, plan), plan, ...options });
  const keyOf = (id: string) => messageKey({ source: '/test', id });
  const send = (name: string, accountId: string, id: string, attributes = {}) =>
    world.command(
      'accounts',
      name,
      { accountId, amount: 1 },
      { 'ce-id': id, 'ce-source': '/test', ...attributes },
    );
  const state = (account: string) => world.store.documents.get(`agents/accounts/state/${account}`)?.fields;
  return { world, ledger, send, state, keyOf, plan };
}

const ids = (count: number) => Array.from({ length: count }, (_, at) => `m-${at}`);

describe('messages of one entity', () => {
  it('are handled one at a time though they all come at once, and none is tried again for it', async () => {
    const { world, ledger, send, state } = mesh({ parallel: () => 40 });
    for (const id of ids(40)) send('move', 'a', id);
    await world.settle();
    expect(ledger.mostAtOnce).toBe(1);
    expect(state('a')).toEqual({ balance: 40, moves: 40 });
    expect(new Set(world.outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['ack', 'defer']));
  });

  it('are handled in the order in which they came, when whoever holds the entity is dead', async () => {
    const { world, ledger, send, keyOf } = mesh();
    const leaseUntil = new Date(world.clock.now() + 8_000);
    await world.store.commit([
      { kind: 'create', path: 'agents/accounts/entities/a', fields: { owner: 'gone', leaseUntil } },
    ]);
    for (const id of ids(12)) send('move', 'a', id);
    await world.settle();
    expect(ledger.moves.get('a')).toEqual(ids(12).map(keyOf));
    expect(world.clock.now()).toBeGreaterThan(leaseUntil.getTime());
  });

  it('do not come back at once and over again, where it was noted by a clock that is ahead when they came', async () => {
    const { world, ledger, send, keyOf } = mesh();
    const now = world.clock.now();
    const leaseUntil = new Date(now + 8_000);
    const tickets = JSON.stringify([{ key: keyOf('m'), since: now + 200_000, due: now }]);
    await world.store.commit([
      { kind: 'create', path: 'agents/accounts/entities/a', fields: { owner: 'gone', leaseUntil } },
      { kind: 'create', path: 'agents/accounts/entityQueues/a', fields: { tickets } },
    ]);
    send('move', 'a', 'm');
    await world.settle();
    expect(ledger.moves.get('a')).toEqual([keyOf('m')]);
    expect(world.outcomes.length).toBeLessThan(20);
  });

  it('wait behind those that came before though the entity is free', async () => {
    const { world, ledger, send, keyOf } = mesh();
    const now = world.clock.now();
    const tickets = JSON.stringify([{ key: keyOf('early'), since: now, due: now + 1_000 }]);
    await world.store.commit([
      { kind: 'create', path: 'agents/accounts/entityQueues/a', fields: { tickets } },
    ]);
    send('move', 'a', 'late');
    send('move', 'a', 'early', { notbefore: new Date(now + 1_000).toISOString() });
    await world.settle();
    expect(ledger.moves.get('a')).toEqual([keyOf('early'), keyOf('late')]);
  });

  it('do not wait for those of another entity', async () => {
    const { world, ledger, send } = mesh({ parallel: () => 5 });
    for (const [at, id] of ids(5).entries()) send('move', `account-${at}`, id);
    await world.settle();
    expect(world.outcomes.map(({ outcome }) => outcome)).toEqual(Array(5).fill('ack'));
    expect(ledger.moves.size).toBe(5);
  });

  it('wait for an effect of the entity though they touch only its state, so that the effect is not done again', async () => {
    const { world, send, state, plan } = mesh({ parallel: () => 10 });
    send('move', 'a', 'first');
    for (const id of ids(9)) send('note', 'a', id);
    await world.settle();
    expect(state('a')).toEqual({ balance: 10, moves: 10 });
    expect(plan.trace.filter((call) => call === 'provider')).toHaveLength(1);
  });

  it('wait for nobody who gave up: one whose deadline passed while it waited', async () => {
    const { world, send, state } = mesh({ parallel: () => 4 });
    send('move', 'a', 'first');
    send('move', 'a', 'late', { deadline: new Date(world.clock.now() + 20).toISOString() });
    send('move', 'a', 'third');
    send('move', 'a', 'fourth');
    await world.settle();
    expect(state('a')).toEqual({ balance: 3, moves: 3 });
    expect(world.outcomes.filter(({ outcome }) => outcome === 'dead-letter')).toHaveLength(1);
  });

  it('cost one read and two commits where nobody else is there', async () => {
    const { world, send, plan } = mesh();
    send('move', 'a', 'only');
    await world.settle();
    expect(plan.trace).toEqual(['read', 'commit', 'provider', 'commit']);
    plan.trace.length = 0;
    send('note', 'a', 'other');
    await world.settle();
    expect(plan.trace).toEqual(['read', 'commit']);
  });
});

describe('a workflow', () => {
  it('calls an entity as it calls any agent, and its calls are handled one at a time', async () => {
    const Amounts = z.object({ amounts: z.array(z.number().int()) });
    const clerk = defineAgent({
      name: 'clerk',
      calls: ['accounts'],
      workflows: { pay: { input: Amounts } },
    });
    const pay = defineWorkflow({
      name: 'pay',
      version: 1,
      input: Amounts,
      run: async (wf, { amounts }) => {
        await Promise.all(amounts.map((amount) => wf.call(accounts.move, { accountId: 'a', amount })));
      },
    });
    const ledger = new OutsideLedger();
    const hosted = { contract: clerk.contract, definitions: [pay] };
    const world = new World({
      parallel: () => 10,
      agents: [
        ...accountMesh(ledger, new FaultPlan()),
        { contract: clerk.contract, routes: ({ clock, ids }) => workflowRoutes({ ...hosted, clock, ids }) },
      ],
    });
    world.command('clerk', 'pay', { amounts: [1, 2, 4, 8] });
    await world.settle();
    expect(ledger.mostAtOnce).toBe(1);
    expect(world.store.documents.get('agents/accounts/state/a')?.fields).toEqual({ balance: 15, moves: 4 });
    const runs = [...world.store.documents.values()].filter(({ path }) => /^workflows\/[^/]+$/.test(path));
    expect(runs.map(({ fields }) => fields.status)).toEqual(['completed']);
  });
});

describe('the contract of an entity', () => {
  it('is refused when its key is no field of the input', () => {
    expect(() =>
      defineAgent({
        name: 'wrong',
        commands: { go: { input: z.object({ id: z.string() }), entity: { key: 'accountId' } } },
      }),
    ).toThrow(/commands\.go\.entity\.key/);
  });

  it('takes no message without a key', async () => {
    const { world, send } = mesh();
    send('move', '', 'empty');
    await world.settle();
    expect(world.outcomes[0]).toMatchObject({ outcome: 'dead-letter' });
  });
});
