import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { readBundles } from '../../infra/bundles.ts';
import { checkSite } from '../../infra/check-site.ts';
import { Config, readConfig, sizesOf } from '../../infra/config.ts';
import { readStackConfig } from '../../infra/preview/stack-config.ts';
import { type AgentSpec, defineAgent } from '../../shared/contract/index.ts';
import { computeTopology } from '../../shared/topology.ts';
import { STACKS } from './stacks.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values } = await readStackConfig(root, 'dev');
const bundles = readBundles(fileURLToPath(new URL('bundles/manifest.json', import.meta.url)));

/** The stack of development, but for this. */
const read = (changes: Readonly<Record<string, unknown>> = {}) =>
  readConfig(
    {
      ...values,
      ...Object.fromEntries(
        Object.entries(changes).map(([key, value]) => [
          `agent-mesh:${key}`,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    },
    'dev',
  );
const functions = { mode: 'function', memory: '512Mi', cpu: 1, minInstances: 0, maxInstances: 5 };
const restricted = { mode: 'restricted', subnet: '10.0.0.0/24' };

test.each(STACKS)('the configuration of %s is read', async (stack) => {
  const config = readConfig((await readStackConfig(root, stack)).values, stack);
  expect(config.project).toBe(`agent-mesh-${stack}`);
  expect(config.protect).toBe(stack === 'prod');
});

test('a text stays a text, also where it looks like a number', () => {
  expect(read({ project: 'p123456' }).project).toBe('p123456');
  expect(read({ pagerDutyKey: '12345678' }).pagerDutyKey).toBe('12345678');
});

describe('what is wrong is refused by its key, with what is right', () => {
  test.each([
    ['an unknown key', { regoin: 'x' }, 'agent-mesh:regoin', /is no key/],
    [
      'an unknown key within',
      { functions: { ...functions, memroy: '1Gi' } },
      'agent-mesh:functions.memroy',
      /is no key/,
    ],
    [
      'an unknown key of an agent',
      { functions: { ...functions, agents: { orders: { min: 1 } } } },
      'agent-mesh:functions.agents.orders.min',
      /is no key/,
    ],
    [
      'memory that is too small',
      { functions: { ...functions, memory: '128Mi' } },
      'agent-mesh:functions.memory',
      /128Mi.*too small.*256Mi/,
    ],
    [
      'memory that is too small for the processor',
      { functions: { ...functions, cpu: 4, memory: '1Gi' } },
      'agent-mesh:functions.memory',
      /too small.*2048Mi/,
    ],
    [
      'memory that is too small for one agent',
      { functions: { ...functions, agents: { orders: { memory: '64Mi' } } } },
      'agent-mesh:functions.agents.orders.memory',
      /too small/,
    ],
    [
      'memory that is too large for the processor',
      { functions: { ...functions, memory: '8Gi' } },
      'agent-mesh:functions.memory',
      /may be 4096Mi/,
    ],
    [
      'memory without a unit',
      { functions: { ...functions, memory: '512' } },
      'agent-mesh:functions.memory',
      /512Mi/,
    ],
    [
      'an odd number of processors',
      { functions: { ...functions, cpu: 3 } },
      'agent-mesh:functions.cpu',
      /2, 4, 6 or 8/,
    ],
    [
      'several messages on part of a processor',
      { functions: { ...functions, cpu: 0.5, concurrency: 10 } },
      'agent-mesh:functions.concurrency',
      /has to be 1/,
    ],
    [
      'more instances at least than at most',
      { functions: { ...functions, minInstances: 6 } },
      'agent-mesh:functions.minInstances',
      /more than/,
    ],
    [
      'a mode that there is not',
      { functions: { ...functions, mode: 'lambda' } },
      'agent-mesh:functions.mode',
      /function/,
    ],
    ['a map that is a text', { functions: 'large' }, 'agent-mesh:functions', /object/],
    ['a project that is none', { project: 'P!' }, 'agent-mesh:project', /project id/],
    ['a region that is none', { region: 'here' }, 'agent-mesh:region', /europe-west1/],
    [
      'a prefix that makes names too long',
      { prefix: 'a-very-long-prefix-for-names' },
      'agent-mesh:prefix',
      /4 to 15/,
    ],
    [
      'a subnet that is too small',
      { egress: { ...restricted, subnet: '10.0.0.0/28' } },
      'agent-mesh:egress.subnet',
      /\/26/,
    ],
    [
      'an address where a host is wanted',
      { egress: { ...restricted, allow: ['https://api.stripe.com/'] } },
      'agent-mesh:egress.allow.0',
      /host name/,
    ],
    [
      'an allowed host where all are',
      { egress: { mode: 'open', allow: [] } },
      'agent-mesh:egress.allow',
      /is no key/,
    ],
    [
      'a version that is no number',
      { secretVersions: { 'stripe-api-key': 'latest' } },
      'agent-mesh:secretVersions.stripe-api-key',
      /number/,
    ],
    [
      'a repository by its name',
      { delivery: { ownerId: 'me', repositoryId: '1', repository: 'me/it', environment: 'dev' } },
      'agent-mesh:delivery.ownerId',
      /number/,
    ],
    [
      'a billing account that is none',
      { budget: { billingAccount: 'mine', monthly: 1, currency: 'EUR' } },
      'agent-mesh:budget.billingAccount',
      /billing account/,
    ],
  ])('%s', (_what, changes, field, message) => {
    const error = thrownBy(() => read(changes));
    expect(error).toMatchObject({
      code: 'ConfigurationInvalid',
      field,
      message: expect.stringMatching(message),
    });
    expect(error).toMatchObject({ hint: expect.stringContaining('Pulumi.dev.yaml') });
  });

  test('and what the provider would be told otherwise', () => {
    expect(() => readConfig({ ...values, 'gcp:project': 'another' }, 'dev')).toThrow(
      expect.objectContaining({ field: 'gcp:project', hint: expect.stringContaining('agent-mesh:project') }),
    );
  });

  test('and what is missing', () => {
    const { 'agent-mesh:project': _project, ...rest } = values;
    expect(() => readConfig(rest, 'dev')).toThrow(expect.objectContaining({ field: 'agent-mesh:project' }));
  });
});

const any = z.object({});
const recorder: AgentSpec = { name: 'dead-letters', recordsDeadLetters: true };
const shop: AgentSpec[] = [
  { name: 'orders', secrets: ['stripe-api-key'], settings: ['PLACE'], publishes: { done: any } },
  { name: 'reports', subscribes: { 'orders.done': { data: any } } },
  recorder,
];
const check = (changes: Readonly<Record<string, unknown>>, specs = shop, built = bundles) => {
  const contracts = specs.map((spec) => defineAgent(spec).contract);
  checkSite(read(changes), computeTopology(contracts, { project: 'p' }), built, 'dev');
};

describe('what does not fit the contracts is refused by its key', () => {
  test('while what fits is taken', () => {
    expect(() => check({ secretVersions: { 'stripe-api-key': 3 }, settings: { PLACE: 'x' } })).not.toThrow();
  });

  const { image: _image, ...bare } = bundles.orders ?? { path: '', sha256: '', command: [] };
  const onlyBare = { ...bundles, orders: bare };
  test.each([
    [
      'the sizes of an agent that there is not',
      { functions: { ...functions, agents: { order: { cpu: 2 } } } },
      shop,
      bundles,
      'agent-mesh:functions.agents.order',
      /dead-letters, orders, reports/,
    ],
    [
      'a secret that no agent uses',
      { secretVersions: { 'strip-api-key': 1 } },
      shop,
      bundles,
      'agent-mesh:secretVersions.strip-api-key',
      /stripe-api-key/,
    ],
    [
      'a setting that no contract names',
      { settings: { PLAICE: 'x' } },
      shop,
      bundles,
      'agent-mesh:settings.PLAICE',
      /PLACE/,
    ],
    [
      'a secret among settings',
      { settings: { STRIPE_API_KEY: 'x' } },
      shop,
      bundles,
      'agent-mesh:settings.STRIPE_API_KEY',
      /Secret Manager/,
    ],
    [
      'a topic that nobody handles',
      {},
      [{ name: 'orders', publishes: { done: any } }, recorder],
      bundles,
      'mesh-events',
      /subscribe to an event of orders/,
    ],
    ['a mesh of nobody', {}, [], bundles, 'agents', /Add one/],
    [
      'an agent that would be the builder',
      {},
      [...shop, { name: 'build' }],
      bundles,
      'agents.build',
      /another name/,
    ],
    [
      'an agent that would push to another',
      {},
      [...shop, { name: 'orders-push' }],
      bundles,
      'agents.orders-push',
      /another name/,
    ],
    [
      'an agent without a bundle',
      {},
      [...shop, { name: 'unbuilt' }],
      bundles,
      'bundles.unbuilt',
      /npm run build/,
    ],
    [
      'a bundle without an image',
      { functions: { ...functions, mode: 'image' } },
      shop,
      onlyBare,
      'bundles.orders.image',
      /digest/,
    ],
  ])('%s', (_what, changes, specs, built, field, hint) => {
    const error = thrownBy(() => check(changes, specs, built));
    expect(error).toMatchObject({ code: 'ConfigurationInvalid', field, hint: expect.stringMatching(hint) });
  });
});

test('an agent has its own sizes, then those of all, and its contract’s concurrency', () => {
  const config = read({ functions: { ...functions, agents: { orders: { cpu: 2, minInstances: 1 } } } });
  const common = { memory: '512Mi', maxInstances: 5 };
  expect(sizesOf(config, 'orders', 20)).toEqual({ ...common, cpu: 2, minInstances: 1, concurrency: 20 });
  expect(sizesOf(config, 'reports', 8)).toEqual({ ...common, cpu: 1, minInstances: 0, concurrency: 8 });
  const limited = read({ functions: { ...functions, concurrency: 5 } });
  expect(sizesOf(limited, 'orders', 20).concurrency).toBe(5);
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test('every key is told of in docs/configuration.md, and every one that is told of is there', () => {
  const page = readFileSync(`${root}/docs/configuration.md`, 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const told = new Set(
    rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, key]) => key)),
  );
  // Those of backups are told of together.
  const keys = keysOf(Config).filter((key) => !key.startsWith('firestore.backups.'));
  expect([...told].sort()).toEqual([...keys, 'firestore.backups'].sort());
});

/** The paths of a schema's keys: `functions.memory`. What is keyed by the names of agents or secrets is one. */
function keysOf(schema: unknown, path = ''): string[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault)
    return keysOf(schema.unwrap(), path);
  if (schema instanceof z.ZodDiscriminatedUnion)
    return [...new Set(schema.options.flatMap((option) => keysOf(option, path)))];
  if (!(schema instanceof z.ZodObject)) return [path];
  return Object.entries(schema.shape).flatMap(([key, field]) => keysOf(field, path ? `${path}.${key}` : key));
}
