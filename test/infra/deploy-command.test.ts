import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { diffText } from '../../cli/deploy/diff.ts';
import { paletteFor } from '../../cli/output/palette.ts';
import { runProgram } from '../../cli/program.ts';
import { diffGraphs } from '../../infra/preview/diff.ts';
import type { Graph, GraphResource } from '../../infra/preview/graph.ts';
import { capture } from '../unit/cli/capture.ts';
import { PATIENCE_MS } from './stacks.ts';

const inGit = existsSync(fileURLToPath(new URL('../../.git', import.meta.url)));

async function mesh(...args: readonly string[]) {
  const { io, written } = capture();
  return { exitCode: await runProgram(args, io), ...written };
}

describe('mesh deploy plan', () => {
  test(
    'tells what a stack would be, and that no rule is broken',
    async () => {
      const { exitCode, stdout } = await mesh('deploy', 'plan', '--stack', 'staging', '--json');
      const plan: Graph & { breaches: string[] } = JSON.parse(stdout);
      expect({ exitCode, breaches: plan.breaches }).toEqual({ exitCode: 0, breaches: [] });
      expect(plan.project).toBe('agent-mesh-staging');
      expect(plan.resources.length).toBeGreaterThan(200);
      expect(plan.resources.map(({ name }) => name)).toContain('mesh-orders-dead');
    },
    PATIENCE_MS,
  );

  test('names a stack that there is not', async () => {
    const { exitCode, stderr } = await mesh('deploy', 'plan', '--stack', 'moon');
    expect(exitCode).toBe(6);
    expect(stderr).toContain('there is no Pulumi.moon.yaml');
  });
});

describe('mesh deploy diff', () => {
  test.skipIf(!inGit)(
    'compares a stack with itself at a revision, wherever it is written to, and finds nothing',
    async () => {
      const { exitCode, stdout } = await mesh('deploy', 'diff', 'dev', '--from', 'HEAD', '--to', 'HEAD');
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '0 added, 0 removed, 0 changed\n' });
    },
    PATIENCE_MS,
  );

  test.each([
    [
      'a revision that there is not',
      ['dev', '--from', 'no-such-revision'],
      6,
      /no revision "no-such-revision"/,
    ],
    ['one stack alone', ['dev'], 2, /two stacks, or one stack and a revision/],
    [
      'two stacks and a revision',
      ['dev', 'prod', '--from', 'HEAD'],
      2,
      /two stacks, or one stack and a revision/,
    ],
  ])('refuses %s', async (_what, args, code, message) => {
    if (code === 6 && !inGit) return;
    const { exitCode, stderr } = await mesh('deploy', 'diff', ...args);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
  });
});

describe('the difference of two graphs', () => {
  const resource = (name: string, changes: Partial<GraphResource> = {}): GraphResource => ({
    urn: `urn:pulumi:s::agent-mesh::mesh:infra:Messaging$gcp:pubsub/topic:Topic::${name}`,
    type: 'gcp:pubsub/topic:Topic',
    ...{
      name,
      custom: true,
      inputs: {},
      secrets: [],
      dependencies: [],
      propertyDependencies: {},
      protect: false,
      deleteBeforeReplace: false,
    },
    ...changes,
  });
  const graph = (stack: string, resources: readonly GraphResource[]): Graph => ({
    ...{ stack, project: `project-${stack}`, outputs: {} },
    resources: resources.map((each) => ({
      ...each,
      urn: each.urn.replace('urn:pulumi:s:', `urn:pulumi:${stack}:`),
    })),
  });

  test('is what was added, removed and changed, by the path of each argument', () => {
    const before = [
      resource('gone'),
      resource('same', { inputs: { name: 'projects/project-a/topics/same', labels: { x: 1 } } }),
      resource('changed', { inputs: { labels: { role: 'agent', kept: true }, list: [1, 2] } }),
    ];
    const after = [
      resource('new'),
      resource('same', { inputs: { labels: { x: 1 }, name: 'projects/project-b/topics/same' } }),
      resource('changed', { inputs: { labels: { kept: true }, list: [1] }, protect: true }),
    ];
    expect(diffGraphs(graph('a', before), graph('b', after))).toMatchObject([
      {
        name: 'changed',
        change: 'changed',
        properties: [
          { path: '(protected)', to: true },
          { path: 'labels.role', from: 'agent' },
          { path: 'list', from: [1, 2], to: [1] },
        ],
      },
      { name: 'gone', change: 'removed' },
      { name: 'new', change: 'added' },
    ]);
    expect(diffGraphs(graph('a', before), graph('a', before.toReversed()))).toEqual([]);
  });

  test('is told a line for each, long values cut short', () => {
    const changes = diffGraphs(
      graph('a', [resource('t', { inputs: { filter: 'x'.repeat(300) } })]),
      graph('a', [resource('t'), resource('u')]),
    );
    const text = diffText(changes, paletteFor(capture().io.stdout, {}));
    expect(text.split('\n')).toEqual([
      '~ pubsub.Topic t',
      expect.stringMatching(/^ {4}filter: "x{99}… -> \(none\)$/),
      '+ pubsub.Topic u',
      '',
      '1 added, 0 removed, 1 changed',
    ]);
  });
});
