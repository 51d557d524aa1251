import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type AgentSpec, defineAgent } from '../../shared/contract/index.ts';
import { computeTopology } from '../../shared/topology.ts';

const any = z.object({});
const shop: AgentSpec[] = [
  { name: 'orders', calls: ['payments'], workflows: { fulfil: { input: any } }, publishes: { done: any } },
  {
    name: 'payments',
    commands: { charge: { input: any } },
    secrets: ['stripe-key'],
    limits: { timeout: '30s' },
  },
  { name: 'desk', subscribes: { 'orders.done': { data: any } } },
  { name: 'dead-letters', recordsDeadLetters: true, retry: { maxAttempts: 100 } },
];
const contractsOf = (specs: readonly AgentSpec[]) => specs.map((spec) => defineAgent(spec).contract);
const topology = computeTopology(contractsOf(shop), { project: 'p' });

describe('the topology', () => {
  it('gives each agent a topic and a dead-letter topic, and all one topic for events', () => {
    expect(topology.topics.map(({ name }) => name).sort()).toEqual(
      [
        'mesh-events',
        ...['orders', 'payments', 'desk', 'dead-letters'].flatMap((agent) => [
          `mesh-${agent}`,
          `mesh-${agent}-dead`,
        ]),
      ].sort(),
    );
  });

  it('leaves an agent’s own topic unfiltered, so that a mistyped message can not vanish (I4)', () => {
    for (const subscription of topology.subscriptions) {
      expect(subscription.filter !== undefined).toBe(subscription.role === 'events');
    }
  });

  it('computes a job for each schedule, whose message its agent takes', () => {
    const specs: AgentSpec[] = [
      ...shop,
      {
        name: 'reports',
        commands: { tidy: { input: z.object({ days: z.number() }) } },
        schedules: { weekly: { cron: '0 3 * * MON', message: 'tidy', input: { days: 7 } } },
      },
    ];
    const { schedules } = computeTopology(contractsOf(specs), { project: 'p', location: 'l' });
    expect(schedules.filter(({ agent }) => agent === 'reports')).toEqual([
      {
        name: 'projects/p/locations/l/jobs/mesh-reports-weekly',
        agent: 'reports',
        schedule: 'weekly',
        cron: '0 3 * * MON',
        timeZone: 'Etc/UTC',
        topic: 'mesh-reports',
        attributes: {
          'ce-specversion': '1.0',
          'ce-type': 'reports.tidy',
          'ce-source': '/agents/reports/schedules',
          'content-type': 'application/json',
          schedule: 'weekly',
        },
        data: '{"days":7}',
      },
    ]);
  });

  it('has each agent that hosts workflows look once an hour for what was lost', () => {
    const hosts: AgentSpec[] = [
      { name: 'a', workflows: { w: { input: any } } },
      { name: 'b', workflows: { w: { input: any } } },
      { name: 'c' },
    ];
    const { schedules } = computeTopology(contractsOf(hosts), { project: 'p', location: 'l' });
    expect(schedules.map(({ agent, schedule }) => [agent, schedule])).toEqual([
      ['a', 'mesh-sweep'],
      ['b', 'mesh-sweep'],
    ]);
    for (const { cron } of schedules) expect(cron).toMatch(/^([0-9]|[1-5][0-9]) \* \* \* \*$/);
    expect(schedules[0]).toMatchObject({
      name: 'projects/p/locations/l/jobs/mesh-a-mesh-sweep',
      topic: 'mesh-a',
      attributes: { 'ce-type': 'mesh.sweep', 'ce-source': '/agents/a/schedules' },
      data: 'null',
    });
  });

  it('says of which documents the time may come: the mesh’s own, and state that is not kept for ever', () => {
    const kept: AgentSpec = { name: 'k', state: { schema: any } };
    const passing: AgentSpec = { name: 'q', state: { schema: any, collection: 'passing', keep: '1d' } };
    const { expiring } = computeTopology(contractsOf([kept, passing]), { project: 'p' });
    expect(expiring).toEqual(expect.arrayContaining(['inbox', 'workflows', 'passing']));
    expect(expiring).not.toContain('state');
  });

  it('indexes what runs and dead letters are listed by', () => {
    const letters: AgentSpec = {
      name: 'r',
      recordsDeadLetters: true,
      state: { schema: any, collection: 'letters' },
    };
    const { indexes } = computeTopology(contractsOf([letters]), { project: 'p' });
    const told = indexes.map(({ collection, fields }) =>
      [collection, ...fields.map(({ field, order }) => `${field} ${order}`)].join(', '),
    );
    expect(told).toContain('workflows, status ascending, createdAt descending');
    expect(told).toContain('workflows, workflow ascending, endedAt ascending');
    expect(told).toContain('letters, code ascending, lastSeen descending');
    const own = computeTopology([], { project: 'p' }).indexes.map(({ collection }) => collection);
    expect([...new Set(own)].sort()).toEqual(['slots', 'workflows']);
  });

  it('gives each function two accounts of its own, whose ids Google takes however long the names are', () => {
    const long = ['a-name-of-thirty-characters-00', 'a-name-of-thirty-characters-01', 'a'];
    const { functions } = computeTopology(contractsOf(long.map((name) => ({ name }))), { project: 'p' });
    const ids = functions.flatMap(({ accounts }) => [accounts.runtime, accounts.push]);
    expect(new Set(ids).size).toBe(6);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/);
  });

  it('filters events by just the types that a contract names', () => {
    const [events, ...others] = topology.subscriptions.filter(({ role }) => role === 'events');
    expect(others).toEqual([]);
    expect(events).toMatchObject({
      topic: 'mesh-events',
      pushTo: 'desk',
      filter: 'attributes.ce-type="orders.done"',
    });
  });

  it('gives every pushed subscription a dead-letter topic that has a subscription itself', () => {
    const kept = new Set(topology.subscriptions.map(({ topic }) => topic));
    for (const { name, pushTo, deadLetter, topic } of topology.subscriptions) {
      if (pushTo === undefined) continue;
      expect(deadLetter?.topic, name).not.toBe(topic);
      expect(kept.has(deadLetter?.topic ?? ''), name).toBe(true);
    }
  });

  it('delivers a dead letter as often as its recorder asks for, not as the agent that it is of', () => {
    const dead = topology.subscriptions.find(({ name }) => name === 'mesh-payments-dead');
    expect(dead).toMatchObject({
      pushTo: 'dead-letters',
      deadLetter: { topic: 'mesh-dead-letters-dead', maxAttempts: 100 },
      retentionDays: 31,
    });
  });

  it('keeps what the recorder of dead letters can not handle, to be pulled', () => {
    const last = topology.subscriptions.find(({ name }) => name === 'mesh-dead-letters-dead');
    expect(last).toMatchObject({ topic: 'mesh-dead-letters-dead' });
    expect(last).not.toHaveProperty('pushTo');
    expect(last).not.toHaveProperty('deadLetter');
  });

  it('waits longer for an answer than the handler may take', () => {
    const subscription = topology.subscriptions.find(({ name }) => name === 'mesh-payments');
    expect(subscription?.ackDeadlineSeconds).toBe(40);
  });

  it('lets an agent publish where its contract says, and a called one reply to its callers, nowhere else', () => {
    const mayPublish = (agent: string) =>
      topology.grants.flatMap((grant) =>
        grant.agent === agent && grant.may === 'publish' ? [grant.topic] : [],
      );
    expect(mayPublish('orders')).toEqual(['mesh-orders', 'mesh-payments', 'mesh-orders-dead', 'mesh-events']);
    expect(mayPublish('payments')).toEqual(['mesh-orders', 'mesh-payments', 'mesh-payments-dead']);
    expect(mayPublish('desk')).toEqual(['mesh-desk', 'mesh-desk-dead']);
    expect(mayPublish('dead-letters')).toEqual([
      'mesh-dead-letters',
      'mesh-orders',
      'mesh-dead-letters-dead',
    ]);
  });

  it('lets an agent read its own secrets alone', () => {
    expect(topology.grants.filter(({ may }) => may === 'read-secret')).toEqual([
      { agent: 'payments', may: 'read-secret', secret: 'stripe-key' },
    ]);
  });

  it('does not depend on the order of the contracts', () => {
    expect(computeTopology(contractsOf([...shop].reverse()), { project: 'p' })).toEqual(
      expect.objectContaining({
        topics: topology.topics,
        subscriptions: topology.subscriptions,
        grants: topology.grants,
      }),
    );
  });

  const many = Array.from({ length: 8 }, (_, at) => `an-event-with-a-long-name-${at}`);
  const broken: [what: string, field: string, specs: AgentSpec[]][] = [
    ['an agent called that there is not', 'calls.0', [{ name: 'a', calls: ['b'] }]],
    [
      'an event that nobody publishes',
      'subscribes.b.c',
      [{ name: 'a', subscribes: { 'b.c': { data: any } } }],
    ],
    ['two agents of one name', 'name', [{ name: 'a' }, { name: 'a' }]],
    [
      'two recorders',
      'recordsDeadLetters',
      [
        { name: 'a', recordsDeadLetters: true },
        { name: 'b', recordsDeadLetters: true },
      ],
    ],
    [
      'a filter over 256 bytes',
      'subscribes',
      [
        { name: 'a', publishes: Object.fromEntries(many.map((event) => [event, any])) },
        { name: 'b', subscribes: Object.fromEntries(many.map((event) => [`a.${event}`, { data: any }])) },
      ],
    ],
  ];
  it.each(broken)('refuses %s, naming the field', (_what, field, specs) => {
    expect(() => computeTopology(contractsOf(specs), { project: 'p' })).toThrow(
      expect.objectContaining({ code: 'ContractInvalid', field }),
    );
  });
});

describe('encryption', () => {
  const agent = (name: string, spec: Partial<Parameters<typeof defineAgent>[0]> = {}) =>
    defineAgent({ name, ...spec }).contract;
  const keysIn = (...agents: Parameters<typeof computeTopology>[0]) => {
    const { functions, grants, keys } = computeTopology(agents, { project: 'p', location: 'europe-west1' });
    const users = grants.filter(({ may }) => may === 'use-keys').map((grant) => grant.agent);
    expect(functions.filter(({ deployment }) => deployment.keyRing).map((each) => each.agent)).toEqual(users);
    return { users, keys };
  };

  it('needs no keys where no contract asks for it', () => {
    expect(keysIn(agent('a'), agent('b'))).toEqual({ users: [], keys: undefined });
  });

  it('gives keys to whoever may meet what is encrypted, and to nobody else', () => {
    const { users, keys } = keysIn(
      agent('clinic', { encryption: {}, calls: ['lab'], publishes: { noted: z.object({}) } }),
      agent('lab', { calls: ['courier'] }),
      agent('courier'),
      agent('desk', { calls: ['clinic'] }),
      agent('board', { subscribes: { 'clinic.noted': { data: z.object({}) } } }),
      agent('shop', { calls: ['till'] }),
      agent('till'),
    );
    expect(users).toEqual(['board', 'clinic', 'courier', 'desk', 'lab']);
    expect(keys).toEqual({ ring: 'projects/p/locations/europe-west1/keyRings/mesh', per: 'mesh' });
  });
});
