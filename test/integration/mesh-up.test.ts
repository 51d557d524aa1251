import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Project } from './mesh-up/command.ts';
import { meshSuite, ORDINARY_DAY, sampleSuite } from './mesh-up/suite.ts';

describe('the sources', () => {
  sampleSuite(() => ({}), [ORDINARY_DAY]);
  meshSuite(() => ({}));
});

describe('a mesh that can not start', () => {
  const project = new Project();
  afterAll(() => project.close());

  test('names the port that is taken, and how to choose another', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { exitCode, stdout, stderr } = await project.run(['up', '--port-firestore', String(port)]);
    taken.close();
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr.trim().split('\n')).toEqual([
      `error: port ${port}, meant for firestore, is taken (PortInUse)`,
      expect.stringContaining('--port-firestore'),
    ]);
  });

  test('names the secret that is missing, and where to put it', async () => {
    const contract = fileURLToPath(new URL('../../shared/contract/index.ts', import.meta.url));
    const agents = join(project.folder, 'agents');
    mkdirSync(join(agents, 'needy'), { recursive: true });
    writeFileSync(
      join(agents, 'needy', 'contract.ts'),
      `import { defineAgent } from ${JSON.stringify(pathToFileURL(contract).href)};
       export const needy = defineAgent({ name: 'needy', secrets: ['nobody-has-this'] });`,
    );
    const { exitCode, stderr } = await project.run(['up', '--agents', agents]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(/"nobody-has-this" of needy has no value.*\n.*\.mesh\/secrets\.json/),
    });
  });
});

test('agents do not outlive a mesh that is killed', async () => {
  const project = new Project();
  try {
    const { child, state } = await project.up();
    const run = `http://${state.addresses.run}`;
    await fetch(`${run}/orders/healthz`);
    const { instances } = (await (await fetch(`${run}/`)).json()) as { instances: Record<string, number[]> };
    const [pid = 0] = instances.orders ?? [];
    expect(() => process.kill(pid, 0)).not.toThrow();
    child.kill('SIGKILL');
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow());
  } finally {
    await project.close();
  }
});
