import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildBundles } from '../../build/build.ts';
import { checkAgents } from '../../cli/agent-check/check-agents.ts';
import { Project } from './mesh-up/command.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const at = (path: string) => JSON.stringify(pathToFileURL(join(root, path)).href);

const IMPORTS = `
  import * as z from ${JSON.stringify(import.meta.resolve('zod'))};
  import { defineAgent } from ${at('shared/contract/index.ts')};
`;
const SERVES = `
  import * as z from ${JSON.stringify(import.meta.resolve('zod'))};
  import { defineWorkflow, serveAgent } from ${at('shared/index.ts')};
`;

describe('agents whose code is wrong', () => {
  const project = new Project();
  const agents = join(project.folder, 'agents');
  const write = (path: string, text: string) => {
    mkdirSync(join(agents, path, '..'), { recursive: true });
    writeFileSync(join(agents, path), text);
  };
  beforeAll(() => {
    write('package.json', '{"type":"module"}');
    write(
      'clerk/contract.ts',
      `${IMPORTS} export const clerk = defineAgent({ name: 'clerk',
         commands: { note: { input: z.object({}) } }, workflows: { file: { input: z.object({}) } } });`,
    );
    write(
      'clerk/index.ts',
      `${SERVES} import { clerk } from './contract.ts';
       const lost = defineWorkflow({ name: 'lost', version: 1, input: z.object({}), deadline: '-5s', run: async () => {} });
       serveAgent({ agent: clerk, handlers: { forget: () => {} }, workflows: [lost] }, { report: () => {} });`,
    );
    write(
      'diary/contract.ts',
      `${IMPORTS} export const diary = defineAgent({ name: 'diary', commands: { write: { input: z.object({ at: z.date() }) } } });`,
    );
  });
  afterAll(() => project.close());

  const PROBLEMS = [
    { agent: 'clerk', code: 'ContractInvalid', field: 'handlers.note' },
    { agent: 'clerk', code: 'ContractInvalid', field: 'handlers.forget' },
    { agent: 'clerk', code: 'ContractInvalid', field: 'workflows.lost' },
    { agent: 'clerk', code: 'DefinitionInvalid', field: 'workflows.lost.deadline' },
    { agent: 'clerk', code: 'ContractInvalid', field: 'workflows.file' },
    { agent: 'diary', code: 'ContractInvalid', field: 'commands.write.input.at' },
  ];

  test('are found with all that is wrong', async () => {
    expect(await checkAgents(agents)).toMatchObject(PROBLEMS);
  });

  test('are not started: mesh up lists every problem with its remedy, and exits with 2', async () => {
    const { exitCode, stdout, stderr } = await project.run(['up', '--agents', agents]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    const lines = stderr.trim().split('\n');
    expect(lines[0]).toBe('error: the agents have 6 problems (ContractInvalid)');
    expect(lines).toHaveLength(7);
    expect(lines[1]).toBe(
      '- agent "clerk" has no handler for "note". Add the handler, or take the message out of the contract.',
    );
    expect(lines[6]).toContain(
      'commands.write.input.at is a Date, which JSON does not carry: use z.iso.datetime()',
    );
    expect(project.hasState()).toBe(false);
  });

  test('are told as JSON where that is asked for', async () => {
    const { exitCode, stderr } = await project.run(['up', '--agents', agents, '--json']);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: 'ContractInvalid', problems: PROBLEMS });
  });

  test('are not built', async () => {
    const building = buildBundles({ root, agents, out: join(project.folder, 'dist') });
    await expect(building).rejects.toMatchObject({ code: 'ContractInvalid', problems: PROBLEMS });
  });

  test('fail a check of mesh diagnose', async () => {
    const { exitCode, stdout } = await project.run(['diagnose', '--agents', agents, '--json']);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        check: 'code',
        result: 'fail',
        detail: expect.stringContaining('has no handler for "note"'),
      }),
    );
  });
});

test('the agents and the examples of this checkout have no problem', async () => {
  for (const folder of ['agents', 'examples']) expect(await checkAgents(join(root, folder))).toEqual([]);
});
