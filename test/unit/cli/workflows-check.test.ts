import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../../cli/program.ts';
import { capture } from './capture.ts';

async function mesh(...args: string[]) {
  const { io, written } = capture();
  const exitCode = await runProgram(args, io);
  return { exitCode, ...written };
}

test('the code matches every history that is kept beside it', async () => {
  const { exitCode, stdout } = await mesh('workflows', 'check', '--json');
  const checked = JSON.parse(stdout) as { history: string; result: string; mismatch?: unknown }[];
  expect(checked.filter(({ result }) => result !== 'pass')).toEqual([]);
  expect(exitCode).toBe(0);
  const files = checked.map(({ history }) => history);
  for (const name of ['orders/histories/fulfilled.json', 'orders/histories/refunded.json'])
    expect(files).toContainEqual(expect.stringContaining(name));
});

describe('a folder of agents whose code has changed', () => {
  const shared = (path: string) =>
    pathToFileURL(fileURLToPath(new URL(`../../../shared/${path}`, import.meta.url))).href;
  const agents = mkdtempSync(join(tmpdir(), 'mesh-agents-'));
  const workflow = (body: string, version = 1) =>
    writeFileSync(
      join(agents, 'greeter', 'workflow.ts'),
      `import * as z from ${JSON.stringify(import.meta.resolve('zod'))};
import { defineWorkflow } from ${JSON.stringify(shared('index.ts'))};
export const greet = defineWorkflow({ name: 'greet', version: ${version}, input: z.unknown(), run: async (wf) => {
  ${body}
} });`,
    );
  const exported = {
    ...{ format: 'agent-mesh/run/1', runId: 'r', workflow: 'greet', version: 1, agent: 'greeter', key: 'k' },
    status: 'completed',
    history: [
      { e: 'started', at: 0, input: null, seed: 's' },
      { e: 'step', op: 'sleep', id: '1', name: 'sleep', until: 1_000 },
      { e: 'fired', at: 1_000, step: '1', timer: 'sleep', attempt: 0 },
      { e: 'returned', output: null },
      { e: 'ended', at: 1_000 },
    ],
  };
  const file = join(agents, 'greeter', 'histories', 'slept.json');

  beforeAll(() => {
    mkdirSync(join(agents, 'greeter', 'histories'), { recursive: true });
    writeFileSync(
      join(agents, 'greeter', 'contract.ts'),
      `import * as z from ${JSON.stringify(import.meta.resolve('zod'))};
import { defineAgent } from ${JSON.stringify(shared('contract/index.ts'))};
export const greeter = defineAgent({ name: 'greeter', workflows: { greet: { input: z.unknown() } } });`,
    );
    writeFileSync(file, JSON.stringify(exported));
  });
  afterAll(() => rmSync(agents, { recursive: true, force: true }));

  test('fails with the first command that differs, and its line', async () => {
    workflow(`await wf.signal('go', { schema: z.unknown() });`);
    const { exitCode, stdout } = await mesh('workflows', 'check', '--agents', agents, '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        ...{ history: file, workflow: 'greet', version: 1, key: 'k', result: 'fail' },
        mismatch: {
          ...{ code: 'NonDeterministic', step: '1', recorded: 'sleep', issued: 'signal go' },
          line: expect.stringMatching(/greeter\/workflow\.ts:4$/),
        },
      },
    ]);
  });

  test('fails where the version of a history is gone', async () => {
    const moved = join(agents, 'moved');
    cpSync(join(agents, 'greeter'), join(moved, 'greeter'), { recursive: true });
    const text = readFileSync(join(moved, 'greeter', 'workflow.ts'), 'utf8');
    writeFileSync(join(moved, 'greeter', 'workflow.ts'), text.replace('version: 1', 'version: 2'));
    const { exitCode, stdout } = await mesh('workflows', 'check', '--agents', moved);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 1,
      stdout: expect.stringContaining('no version 1 of greet'),
    });
  });

  test.each([
    ['a file that is not there', ['nothing.json'], 6, "can't be read"],
    ['a file that is no exported run', [join(agents, 'greeter', 'contract.ts')], 2, 'is not JSON'],
    ['files and --runs', [file, '--runs'], 2, 'not both'],
  ])('refuses %s', async (_, args, exitCode, message) => {
    expect(await mesh('workflows', 'check', ...args)).toMatchObject({
      exitCode,
      stderr: expect.stringContaining(message),
    });
  });
});
