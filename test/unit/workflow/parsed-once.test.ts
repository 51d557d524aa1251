import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { branch, defineWorkflow, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { done, fails, World } from './world.ts';

/** Another each time it is asked for. */
const token = z.string().default(() => randomUUID());
const Made = z.object({ ref: z.string(), token });
const worker = defineAgent({
  name: 'worker',
  commands: {
    make: { input: z.object({ id: z.string(), token }), output: Made },
    pause: { input: z.object({}) },
  },
});
const Input = z.object({ id: z.string(), token });
const shop = defineAgent({
  name: 'shop',
  calls: ['worker'],
  workflows: {
    plain: { input: Input, output: z.json(), key: 'id' },
    keyed: { input: Input, output: z.json(), key: 'token', concurrency: { key: 'token', limit: 1 } },
    unsteady: { input: z.object({ id: z.string().transform((id) => id + randomUUID()) }), key: 'id' },
  },
});

/** A world in which every message comes to an instance that has to replay. */
function cold(
  name: 'plain' | 'keyed',
  run: (wf: WorkflowContext, input: z.output<typeof Input>) => Promise<unknown>,
): World {
  const workflow = defineWorkflow({ name, version: 1, input: Input, output: z.json(), run: run as never });
  const others = (['plain', 'keyed'] as const)
    .filter((other) => other !== name)
    .map((other) => defineWorkflow({ name: other, version: 1, input: Input, async run() {} }));
  const unsteady = defineWorkflow({ name: 'unsteady', version: 1, input: z.any(), async run() {} });
  let failures = 0;
  const mesh = new World(shop.contract, [workflow, unsteady, ...others], {
    'worker.make': ({ id }: { id: string }) =>
      id === 'twice' && failures++ === 0 ? fails('ProviderFailed') : done({ ref: id }),
    'worker.pause': () => done(),
  });
  mesh.warm = false;
  return mesh;
}
const pause = (wf: WorkflowContext) => wf.call(worker.pause, {});

describe('what a schema fills in is asked for once', () => {
  test('of the input of a run', async () => {
    const seen = new Set<string>();
    const mesh = cold('plain', async (wf, input) => {
      seen.add(input.token);
      await pause(wf);
      await pause(wf);
      return input.token;
    });
    mesh.start('plain', { id: 'a' });
    await mesh.settle();
    expect(seen.size).toBe(1);
    expect(mesh.run('plain', 'a')).toMatchObject({ status: 'completed', output: [...seen][0] });
  });

  test('of a key, and of the value by which runs are counted', async () => {
    const mesh = cold('keyed', async (wf, input) => {
      await pause(wf);
      return [wf.key, input.token];
    });
    mesh.start('keyed', { id: 'a' });
    await mesh.settle();
    const runs = [...mesh.documents.values()].filter(({ path }) => /^workflows\/[^/]+$/.test(path));
    expect(runs).toHaveLength(1);
    const [key, seen] = JSON.parse(String(runs[0]?.fields.output));
    expect(seen).toBe(key);
    expect(runs[0]?.path).toBe(`workflows/${runIdOf('keyed', key)}`);
    expect(runs[0]?.fields.slot).toMatchObject({ value: key });
  });

  test('of the outputs of a call and of a branch', async () => {
    const seen = { call: new Set<string>(), branch: new Set<string>() };
    const mesh = cold('plain', async (wf) => {
      seen.call.add((await wf.call(worker.make, { id: 'a' })).token);
      const { outputs } = await wf.gather([branch(worker.make, { id: 'b' })]);
      seen.branch.add(outputs[0]?.token ?? '');
      await pause(wf);
      await pause(wf);
    });
    mesh.start('plain', { id: 'a' });
    await mesh.settle();
    expect(mesh.run('plain', 'a').status).toBe('completed');
    expect([seen.call.size, seen.branch.size]).toEqual([1, 1]);
  });

  test('of the input of a command, in each of its attempts', async () => {
    const mesh = cold('plain', (wf) => wf.call(worker.make, { id: 'twice' }, { retry: { maxAttempts: 2 } }));
    mesh.start('plain', { id: 'a' });
    await mesh.settle();
    const inputs = mesh.handled.map(({ data }) => JSON.stringify(data));
    expect(inputs).toHaveLength(2);
    expect(new Set(inputs).size).toBe(1);
    expect(inputs[0]).toContain('"token":');
  });

  test.each([true, false])('of a signal, be it early: %s', async (early) => {
    const seen = new Set<string>();
    const mesh = cold('plain', async (wf) => {
      if (early) await wf.sleep('1h');
      seen.add((await wf.signal('go', { schema: z.object({ token }) })).token);
      await pause(wf);
      await pause(wf);
    });
    mesh.start('plain', { id: 'a' });
    await mesh.deliver();
    mesh.signal(runIdOf('plain', 'a'), 'go', {});
    await mesh.settle();
    expect(mesh.run('plain', 'a').status).toBe('completed');
    expect(seen.size).toBe(1);
  });
});

test('an input that its schema makes something else of each time is refused', async () => {
  const mesh = cold('plain', async () => {});
  mesh.start('unsteady', { id: 'a' });
  await mesh.settle();
  expect(mesh.deadLetters).toMatchObject([{ failure: { code: 'SchemaMismatch', field: 'id' } }]);
});
