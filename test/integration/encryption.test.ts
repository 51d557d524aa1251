import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPorts } from '../../shared/gcp/index.ts';
import { eventually } from '../support/eventually.ts';
import { Project } from './mesh-up/command.ts';

const url = (path: string) => pathToFileURL(fileURLToPath(new URL(`../../${path}`, import.meta.url))).href;
const SECRET = 'the-patient-has-measles';

/** An agent of a folder of its own, as a program that uses the mesh has it. */
const CLINIC = {
  'contract.ts': `
    import * as z from ${JSON.stringify(url('node_modules/zod/index.js'))};
    import { defineAgent } from ${JSON.stringify(url('shared/contract/index.ts'))};
    export const clinic = defineAgent({
      name: 'clinic',
      encryption: { tenant: 'patient' },
      commands: { note: { input: z.object({ patient: z.string(), text: z.string() }), output: z.object({ notes: z.number() }) } },
      workflows: { treat: { input: z.object({ patient: z.string(), text: z.string() }), output: z.object({ said: z.string() }), key: 'patient' } },
      state: { schema: z.object({ notes: z.array(z.string()) }) },
    });`,
  'index.ts': `
    import { http } from ${JSON.stringify(url('node_modules/@google-cloud/functions-framework/build/src/index.js'))};
    import * as z from ${JSON.stringify(url('node_modules/zod/index.js'))};
    import { defineWorkflow, serveAgent } from ${JSON.stringify(url('shared/index.ts'))};
    import { clinic } from './contract.ts';
    const handlers = {
      note: {
        keys: ({ patient }) => [patient],
        handle: ({ patient, text }, ctx) => {
          const notes = [...(ctx.state.get(patient)?.notes ?? []), text];
          ctx.state.set(patient, { notes });
          return { notes: notes.length };
        },
      },
    };
    const treat = defineWorkflow({
      name: 'treat',
      version: 1,
      input: z.object({ patient: z.string(), text: z.string() }),
      output: z.object({ said: z.string() }),
      run: async (wf, { text }) => {
        const { more } = await wf.signal('more', { schema: z.object({ more: z.string() }) });
        return { said: text + more };
      },
    });
    http('clinic', serveAgent({ agent: clinic, handlers, workflows: [treat] }));`,
};

describe('a mesh whose payloads are encrypted', () => {
  const project = new Project();
  const json = async (...args: string[]): Promise<unknown> => {
    const { exitCode, stdout, stderr } = await project.run([...args, '--json']);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const payload = (patient: string) => JSON.stringify({ patient, text: SECRET });

  beforeAll(async () => {
    const folder = join(project.folder, 'agents', 'clinic');
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(CLINIC)) writeFileSync(join(folder, file), text);
    await project.up(['--agents', join(project.folder, 'agents')]);
  });
  afterAll(() => project.close());

  /** Every document of the mesh, as Firestore holds it. */
  async function stored(): Promise<string> {
    const { env, project: id } = JSON.parse(
      readFileSync(join(project.folder, '.mesh/local.json'), 'utf8'),
    ) as {
      env: Record<string, string>;
      project: string;
    };
    const deployment = {
      project: id,
      prefix: 'mesh',
      agent: 'test',
      callers: [],
      queue: '',
      database: '(default)',
    };
    const ports = createPorts(deployment, { env: { ...env, LOG_LEVEL: 'silent' } });
    try {
      const found = await Promise.all(
        ['workflows', 'agents/clinic/inbox', 'agents/clinic/state', 'dataKeys', 'blobs'].map((collection) =>
          ports.store.query({ collection }),
        ),
      );
      const text = (value: unknown): string =>
        value instanceof Uint8Array
          ? Buffer.from(value).toString('latin1')
          : typeof value === 'object' && value !== null
            ? Object.values(value).map(text).join('\n')
            : String(value);
      return text(found);
    } finally {
      await ports.close();
    }
  }

  test('answers as ever, and Firestore holds no payload in the clear', async () => {
    expect(await json('publish', 'clinic', 'note', payload('ada'), '--wait')).toMatchObject({
      output: { notes: 1 },
    });
    expect(await json('publish', 'clinic', 'note', payload('ada'), '--wait')).toMatchObject({
      output: { notes: 2 },
    });
    await project.run(['publish', 'clinic', 'treat', payload('ada')]);
    await eventually(async () => {
      expect(await json('runs', 'list')).toMatchObject([{ key: 'ada', status: 'running', tenant: 'ada' }]);
    });
    expect(await stored()).not.toContain(SECRET);
    expect(await stored()).toContain('MSH1');
  });

  test('shows a run to who may use the keys', async () => {
    const shown = (await json('runs', 'show', 'ada')) as { input: unknown };
    expect(shown.input).toEqual({ patient: 'ada', text: SECRET });
  });

  test('erases a tenant: its run ends, lists go on, and its messages are refused', async () => {
    expect(await json('tenants', 'erase', 'ada', '--yes')).toEqual({ tenant: 'ada', runs: 1 });
    const again = await project.run(['tenants', 'erase', 'a/b', '--yes']);
    expect(again.exitCode).toBe(2);
    await eventually(async () => {
      // An instance may still have the key in memory, and ends the run as it was asked to.
      expect(await json('runs', 'list')).toMatchObject([{ key: 'ada', status: 'terminated' }]);
    });
    const { stdout } = await project.run(['runs', 'show', 'ada']);
    expect(stdout).not.toContain(SECRET);
  });
});
