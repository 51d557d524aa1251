import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadContracts } from '../../agents/contracts.ts';
import { deliveredTypes } from '../../infra/delivery-permissions.ts';
import { diffGraphs, idOf, typeOf } from '../../infra/preview/diff.ts';
import { type Graph, type GraphResource, nameOf, ofType, shortType } from '../../infra/preview/graph.ts';
import { breachesOf } from '../../infra/preview/policies/index.ts';
import { deployed, deployedGrants, planned, plannedGrants } from './agreement.ts';
import { capture, PATIENCE_MS, STACKS } from './stacks.ts';
import { misfits } from './typings.ts';

const graphs = new Map<string, Graph>();
const graphOf = (stack: string): Graph => {
  const graph = graphs.get(stack);
  if (!graph) throw new Error(`${stack} was not captured`);
  return graph;
};

beforeAll(async () => {
  await Promise.all(STACKS.map(async (stack) => graphs.set(stack, await capture(stack))));
}, PATIENCE_MS);

describe.each(STACKS)('the stack %s', (stack) => {
  test('keeps every rule', () => {
    expect(breachesOf(graphOf(stack))).toEqual([]);
  });

  test('deploys the subscriptions that run here, to the last setting', async () => {
    const graph = graphOf(stack);
    expect(deployed(graph)).toEqual(planned(await loadContracts(), graph));
  });

  test('grants each account what the topology says, and nothing else', async () => {
    const graph = graphOf(stack);
    expect(deployedGrants(graph)).toEqual(plannedGrants(await loadContracts(), graph));
  });

  test('gives every argument that is one of some values one of them', () => {
    const checked = ofGoogle(graphOf(stack)).map(misfits);
    expect(checked.flatMap((each) => each.misfits)).toEqual([]);
    expect(checked.reduce((sum, each) => sum + each.checked, 0)).toBeGreaterThan(80);
  });

  test('is deployed by an account that may make all that is in it', () => {
    const types = new Set(ofGoogle(graphOf(stack)).map(({ type }) => shortType(type)));
    expect([...types].filter((type) => !deliveredTypes.includes(type))).toEqual([]);
  });

  test('tells where its topics, functions and pages are', async () => {
    const { outputs, project } = graphOf(stack);
    expect(outputs).toMatchObject({
      topics: {
        orders: `projects/${project}/topics/mesh-orders`,
        events: `projects/${project}/topics/mesh-events`,
      },
      functions: { orders: expect.stringMatching(/^https:\/\/mesh-orders-/) },
      console: { dashboard: expect.stringContaining(`project=${project}`) },
      delivery: { deploy: `mesh-deploy@${project}.iam.gserviceaccount.com` },
    });
  });
});

test(
  'a stack of which nothing is there yet is previewed with all that it will have',
  async () => {
    const fresh = await capture('prod', { fresh: true });
    expect(fresh.resources.map(({ urn }) => urn)).toEqual(graphOf('prod').resources.map(({ urn }) => urn));
  },
  PATIENCE_MS,
);

test('an argument with a value that there is not is noticed', () => {
  const [index] = ofType(graphOf('dev'), 'firestore.Index');
  const odd = { ...index, inputs: { fields: [{ order: 'SIDEWAYS' }] } } as unknown as GraphResource;
  expect(misfits(odd).misfits).toEqual([
    expect.stringContaining('SIDEWAYS, not one of ASCENDING, DESCENDING'),
  ]);
});

describe('what is deployed', () => {
  test('is, for development', async () => {
    const lines = graphOf('dev').resources.map(lineOf);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('snapshots/dev.txt');
  });

  test('of an agent is', async () => {
    const { resources } = graphOf('dev');
    const mine = resources.filter(({ name, custom }) => custom && /^(mesh-)?payments\b/.test(name));
    const told = mine.map(({ urn, inputs }) => `${idOf(urn)}\n${JSON.stringify(inputs, null, 2)}\n`);
    await expect(told.join('\n')).toMatchFileSnapshot('snapshots/payments.txt');
  });

  test.each([
    ['dev', 'staging'],
    ['staging', 'prod'],
  ])('differs from %s to %s by its configuration alone', async (from, to) => {
    const lines = diffGraphs(graphOf(from), graphOf(to)).flatMap(({ change, type, name, properties }) => [
      `${change} ${type} ${name}`,
      ...properties
        // What waits for what follows from the resources that are told of.
        .filter(({ path }) => path !== '(after)')
        .map(
          ({ path, from: before, to: now }) =>
            `  ${path}: ${JSON.stringify(before)} -> ${JSON.stringify(now)}`,
        ),
    ]);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`snapshots/${from}-to-${to}.txt`);
  });
});

const ofGoogle = ({ resources }: Graph) => resources.filter(({ type }) => type.startsWith('gcp:'));

/** A resource in a line: what it is, what it belongs to and waits for, and a digest of its arguments. */
function lineOf({ type, name, parent, protect, secrets, dependencies, inputs }: GraphResource): string {
  const digest = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 8);
  const after = dependencies.filter((urn) => shortType(typeOf(urn)) !== 'projects.Service').map(nameOf);
  return [
    `${shortType(type)} ${name}`,
    ...(parent?.includes('mesh:infra:') ? [`in ${nameOf(parent)}`] : []),
    ...(protect ? ['protected'] : []),
    ...(secrets.length > 0 ? [`secret ${secrets.join(' ')}`] : []),
    ...(after.length > 0 ? [`after ${[...new Set(after)].join(' ')}`] : []),
    digest,
  ].join(' | ');
}
