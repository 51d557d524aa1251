import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { PAUSE } from '../../../shared/contract/message.ts';
import { decodeRun, defineWorkflow, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { planRerun, readRecordedRun } from '../../../shared/workflow/runs/index.ts';
import { worker } from './agents.ts';
import { begin, portsOf } from './operator.ts';
import { done, fails, World } from './world.ts';

const queries = {
  progress: { output: z.object({ packed: z.number(), of: z.number().optional() }) },
  words: { output: z.string() },
} as const;
const Input = z.object({ id: z.string(), page: z.number().default(1) });
const shop = defineAgent({
  name: 'shop',
  calls: ['worker'],
  workflows: { pack: { input: Input, output: z.json(), key: 'id', queries } },
});
type Wf = WorkflowContext<unknown, Readonly<Record<never, never>>, typeof queries>;
type Run = (wf: Wf, input: z.output<typeof Input>) => Promise<unknown>;
const RUN = runIdOf('pack', 'o1');

const pack = (run: Run, version = 1) =>
  defineWorkflow({
    name: 'pack',
    version,
    input: Input,
    output: z.json(),
    queries: shop.pack.queries,
    run: run as never,
  });

function world(run: Run, warm = true): World {
  const mesh = new World(shop.contract, [pack(run)], {
    'worker.a': () => done({ ref: 'a' }),
    'worker.undoA': () => done(),
    'worker.b': () => fails('Rejected', 'no'),
  });
  mesh.warm = warm;
  mesh.start('pack', { id: 'o1' });
  return mesh;
}
const answers = (mesh: World) => mesh.run('pack', 'o1').queries;

const COUNTING: Run = async (wf) => {
  let packed = 0;
  wf.onQuery('progress', () => ({ packed }));
  for (; packed < 3; packed++) await wf.sleep('1h');
  return 'done';
};

describe('the answer to a query', () => {
  test.each([true, false])(
    'is what the code knows at the end of each turn, and the last of a run that ended (warm: %s)',
    async (warm) => {
      const mesh = world(COUNTING, warm);
      await mesh.deliver();
      const start = mesh.now;
      expect(answers(mesh)).toEqual({ progress: { at: start, value: { packed: 0 } } });
      await mesh.advanceTo(start + 3_600_000);
      expect(answers(mesh)).toEqual({ progress: { at: start + 3_600_000, value: { packed: 1 } } });
      await mesh.settle();
      expect(mesh.run('pack', 'o1').status).toBe('completed');
      expect(answers(mesh)).toEqual({ progress: { at: start + 3 * 3_600_000, value: { packed: 3 } } });
    },
  );

  test('keeps its time as long as it is the same, and leaves no entry in the history', async () => {
    const mesh = world(async (wf) => {
      wf.onQuery('words', () => 'packing');
      await wf.sleep('1h');
      await wf.sleep('1h');
      wf.onQuery('words', () => 'sent');
    });
    await mesh.deliver();
    const start = mesh.now;
    await mesh.advanceTo(start + 3_600_000);
    expect(answers(mesh)).toEqual({ words: { at: start, value: 'packing' } });
    await mesh.settle();
    expect(answers(mesh)?.words).toMatchObject({ value: 'sent' });
    expect(mesh.history('pack', 'o1').map(({ e }) => e)).toEqual([
      ...['started', 'step', 'fired', 'step', 'fired', 'returned', 'ended'],
    ]);
  });

  test('stands while the run is paused, undone and failed', async () => {
    const mesh = world(async (wf) => {
      let packed = 0;
      wf.onQuery('progress', () => ({ packed }));
      await wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, ({ input }) => input) });
      packed = 1;
      await wf.sleep('1h');
      packed = 2;
      await wf.call(worker.b, { id: 'b' });
    });
    await mesh.deliver();
    mesh.post({ type: PAUSE, runId: RUN, data: {} });
    await mesh.deliver();
    expect(mesh.run('pack', 'o1').status).toBe('paused');
    expect(answers(mesh)).toMatchObject({ progress: { value: { packed: 1 } } });
    mesh.post({ type: 'mesh.resume', runId: RUN, data: {} });
    await mesh.settle();
    expect(mesh.run('pack', 'o1').status).toBe('failed');
    expect(answers(mesh)).toMatchObject({ progress: { value: { packed: 2 } } });
  });

  test('goes on with a run that continues as new, until its code answers anew', async () => {
    const mesh = world(async (wf, { id, page }) => {
      if (page === 1) wf.onQuery('words', () => 'first');
      if (page === 1) return wf.continueAsNew({ id, page: 2 });
      await wf.sleep('1h');
      wf.onQuery('progress', () => ({ packed: page }));
      return null;
    });
    await mesh.deliverNext();
    expect(answers(mesh)).toMatchObject({ words: { value: 'first' } });
    await mesh.settle();
    expect(answers(mesh)).toMatchObject({ progress: { value: { packed: 2 } } });
    const kept = [...mesh.documents.values()].map(decodeRun).find(({ status }) => status === 'continued');
    expect(kept?.queries).toMatchObject({ words: { value: 'first' } });
  });

  test('is made anew by a rerun', async () => {
    const mesh = world(COUNTING);
    await mesh.settle();
    const rerun = await planRerun(portsOf(mesh), await readRecordedRun(portsOf(mesh).store, RUN), {
      from: '2',
    });
    expect(rerun.run.queries).toBeUndefined();
    const { run } = await readRecordedRun(portsOf(mesh).store, await begin(mesh, rerun));
    expect(run.queries).toMatchObject({ progress: { value: { packed: 3 } } });
  });

  test('stands when code that answers nothing is deployed', async () => {
    const mesh = world(async (wf) => {
      wf.onQuery('words', () => 'old');
      await wf.sleep('1h');
      await wf.sleep('1h');
    });
    await mesh.deliver();
    mesh.deploy([
      pack(async (wf) => {
        await wf.sleep('1h');
        await wf.sleep('1h');
      }),
    ]);
    expect(answers(mesh)).toMatchObject({ words: { value: 'old' } });
    await mesh.advanceTo(mesh.now + 3_600_000);
    expect(answers(mesh)).toMatchObject({ words: { value: 'old' } });
  });
});

describe('a query that fails', () => {
  const failing: [name: string, answer: (wf: Wf) => unknown, message: RegExp][] = [
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
      /no idea/,
    ],
    ['gives what does not fit its schema', () => ({ packed: 'three' }), /packed/],
    ['gives a promise', async () => ({ packed: 1 }), /Promise/],
    ['gives what JSON does not carry', () => ({ packed: 1n }), /bigint/],
    [
      'gives a circle',
      () => {
        const a: { a?: object } = {};
        a.a = a;
        return a;
      },
      /circular/,
    ],
    ['calls an agent', (wf) => wf.call(worker.a, { id: 'q' }), /wf\.call was used in a query/],
    ['sets attributes', (wf) => wf.setAttributes({}), /was used in a query/],
    ['draws a number', (wf) => ({ packed: wf.random() }), /used in a query/],
    ['asks for an id', (wf) => wf.uuid(), /used in a query/],
    ['asks for a patch', (wf) => wf.patched('p'), /used in a query/],
  ];
  test.each(failing)('because it %s harms nothing but itself', async (_, answer, message) => {
    const mesh = world(async (wf) => {
      wf.onQuery('progress', () => answer(wf) as never);
      wf.onQuery('words', () => 'fine');
      const before = wf.uuid();
      await wf.sleep('1h');
      return [before, wf.uuid(), wf.random()];
    }, false);
    await mesh.deliver();
    expect(answers(mesh)).toMatchObject({
      progress: { failure: { code: 'QueryFailed', message: expect.stringMatching(message) } },
      words: { value: 'fine' },
    });
    await mesh.settle();
    expect(mesh.run('pack', 'o1')).toMatchObject({ status: 'completed', steps: { total: 1 } });
    expect(mesh.commands).toEqual([]);
  });

  test('because the answers are too large is told, and those before it stand', async () => {
    const mesh = world(async (wf) => {
      wf.onQuery('words', () => 'x'.repeat(16_000));
      wf.onQuery('progress', () => ({ packed: 1, of: 1, more: 'y'.repeat(400) }));
      await wf.sleep('1h');
    });
    await mesh.deliver();
    expect(answers(mesh)).toMatchObject({
      words: { value: expect.stringMatching(/^x{16000}$/) },
      progress: { failure: { code: 'QueryFailed', message: expect.stringContaining('16384') } },
    });
  });

  test('because it is not declared fails the code that registers it', async () => {
    const mesh = world(async (wf) => wf.onQuery('colour' as 'words', () => 'red'));
    await mesh.settle();
    expect(mesh.run('pack', 'o1').failure).toMatchObject({
      code: 'ContractInvalid',
      field: 'workflows.pack.queries.colour',
    });
  });
});
