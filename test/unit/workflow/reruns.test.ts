import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { each, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import {
  beginRerun,
  planFork,
  planRerun,
  type RecordedRun,
  readRecordedRun,
} from '../../../shared/workflow/runs/index.ts';
import { host, worker } from './agents.ts';
import { begin, operator, portsOf } from './operator.ts';
import { saga, sagaWorld } from './saga-world.ts';
import { done, fails, type World } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const step = (wf: WorkflowContext, name: 'a' | 'b' | 'c', id: string = name) =>
  wf.call(
    worker[name],
    { id },
    {
      timeout: '5m',
      compensate: undo(worker[`undo${name.toUpperCase() as 'A' | 'B' | 'C'}`], ({ input, output }) => ({
        ...input,
        ...(output && { ref: output.ref }),
      })),
    },
  );
const oneByOne = async (wf: WorkflowContext, { orderId }: { orderId: string }) => {
  const { ref: a } = await step(wf, 'a', `a-${orderId}`);
  const { ref: b } = await step(wf, 'b', `b-${orderId}`);
  const { ref: c } = await step(wf, 'c', `c-${orderId}`);
  return [a, b, c, wf.now().toISOString()];
};

const readOrigin = (mesh: World): Promise<RecordedRun> => readRecordedRun(portsOf(mesh).store, RUN);
const readOther = async (mesh: World, runId: string) =>
  (await readRecordedRun(portsOf(mesh).store, runId)).run;
const ids = (repeats: readonly { step: string }[]) => repeats.map((each) => each.step);

describe('a rerun', () => {
  test('repeats the whole run as a run of its own, linked to its origin, whose answers are not mixed up', async () => {
    const mesh = sagaWorld(oneByOne);
    await mesh.settle();
    mesh.now = Date.parse('2026-01-02T00:00:00.000Z');
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh));
    expect(rerun.repeats).toEqual([
      { step: '1', operation: 'call', target: 'worker.a' },
      { step: '2', operation: 'call', target: 'worker.b' },
      { step: '3', operation: 'call', target: 'worker.c' },
    ]);
    const runId = await begin(mesh, rerun);
    expect(await readOther(mesh, runId)).toMatchObject({
      ...{ status: 'completed', key: 'o1', rerunOf: { runId: RUN }, kept: [] },
      output: ['ref-a-o1', 'ref-b-o1', 'ref-c-o1', '2026-01-02T00:00:00.000Z'],
    });
    expect(mesh.commands).toHaveLength(6);
    expect(mesh.replies).toHaveLength(1);
  });

  test('takes another input', async () => {
    const mesh = sagaWorld(oneByOne);
    await mesh.settle();
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh), { input: { orderId: 'o9' } });
    const { output } = await readOther(mesh, await begin(mesh, rerun));
    expect(output).toMatchObject(['ref-a-o9', 'ref-b-o9', 'ref-c-o9', expect.any(String)]);
  });

  test('begun twice is one run', async () => {
    const mesh = sagaWorld(oneByOne);
    await mesh.settle();
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh));
    await begin(mesh, rerun);
    await begin(mesh, rerun);
    expect(mesh.commands).toHaveLength(6);
  });

  test('has as long as its origin had until its deadline', async () => {
    const waits = (wf: WorkflowContext) => wf.signal('go', { schema: z.string() });
    const mesh = sagaWorld(waits);
    mesh.deploy([{ ...saga(waits), deadline: '1h' }]);
    await mesh.settle();
    expect(mesh.run('saga', 'o1').status).toBe('failed');
    mesh.now = Date.parse('2026-01-02T00:00:00.000Z');
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh));
    expect(rerun.run.deadlineAt).toEqual(new Date('2026-01-02T01:00:00.000Z'));
    const { status, endedAt } = await readOther(mesh, await begin(mesh, rerun));
    expect({ status, endedAt }).toEqual({ status: 'failed', endedAt: new Date('2026-01-02T01:00:00.000Z') });
  });

  test('of a run that goes on leaves that alone', async () => {
    const mesh = sagaWorld(oneByOne, { 'worker.c': () => undefined });
    await mesh.deliver();
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh));
    await begin(mesh, rerun);
    expect(mesh.commands.filter((type) => type === 'worker.a')).toHaveLength(2);
  });
});

describe('a rerun from a step', () => {
  test('keeps what came before, and repeats the rest with the edited input', async () => {
    const mesh = sagaWorld(oneByOne);
    await mesh.settle();
    mesh.now = Date.parse('2026-01-01T01:00:00.000Z');
    const options = { from: '2', input: { orderId: 'o2' } };
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh), options);
    expect(ids(rerun.repeats)).toEqual(['2', '3']);
    const run = await readOther(mesh, await begin(mesh, rerun));
    expect(run).toMatchObject({
      ...{ status: 'completed', rerunOf: { runId: RUN, from: '2' } },
      output: ['ref-a-o1', 'ref-b-o2', 'ref-c-o2', '2026-01-01T01:00:00.000Z'],
    });
  });

  test('undoes what it took over, as it was registered, when it fails', async () => {
    const mesh = sagaWorld(oneByOne);
    await mesh.settle();
    mesh.behaviours['worker.c'] = () => fails('Rejected', 'sold_out');
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh), { from: '3' });
    const runId = await begin(mesh, rerun);
    expect(await readOther(mesh, runId)).toMatchObject({ status: 'failed', failure: { reason: 'sold_out' } });
    const undone = mesh.handled.slice(-2).map(({ type, data }) => [type, data]);
    expect(undone).toEqual([
      ['worker.undoB', { id: 'b-o1', ref: 'ref-b-o1' }],
      ['worker.undoA', { id: 'a-o1', ref: 'ref-a-o1' }],
    ]);
    expect(mesh.run('saga', 'o1').status).toBe('completed');
  });

  test('is refused where a step before it was undone, naming the step to begin with', async () => {
    const mesh = sagaWorld(oneByOne, { 'worker.c': () => fails('Rejected', 'sold_out') });
    await mesh.settle();
    const origin = await readOrigin(mesh);
    for (const from of ['2', '3']) {
      await expect(planRerun(portsOf(mesh), origin, { from })).rejects.toMatchObject({
        ...{ code: 'StepUndone', field: 'from' },
        hint: expect.stringContaining('from step 1'),
      });
    }
    mesh.behaviours['worker.c'] = () => done({ ref: 'c' });
    const rerun = await planRerun(portsOf(mesh), origin, { from: '1' });
    expect(await readOther(mesh, await begin(mesh, rerun))).toMatchObject({ status: 'completed' });
  });

  test('repeats with it what ran beside it: an answer to the origin is no answer to the rerun', async () => {
    const mesh = sagaWorld(async (wf) => {
      const { ref } = await step(wf, 'a');
      const both = await Promise.all([step(wf, 'b'), step(wf, 'c')]);
      return [ref, ...both.map((each) => each.ref)];
    });
    await mesh.settle();
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh), { from: '3' });
    expect(ids(rerun.repeats)).toEqual(['2', '3']);
    expect(rerun.run.rerunOf).toEqual({ runId: RUN, from: '2' });
    expect((await readOther(mesh, await begin(mesh, rerun))).output).toEqual(['ref-a', 'ref-b', 'ref-c']);
  });

  test('asks for an approval again; early signals that were kept stay kept', async () => {
    const mesh = sagaWorld(async (wf) => {
      await step(wf, 'a');
      const first = await wf.signal('go', { schema: z.string() });
      await step(wf, 'b');
      return [first, await wf.signal('go', { schema: z.string() })];
    });
    mesh.signal(RUN, 'go', 'early');
    await mesh.settle();
    mesh.signal(RUN, 'go', 'late');
    await mesh.settle();
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh), { from: '3' });
    const runId = await begin(mesh, rerun);
    expect(await readOther(mesh, runId)).toMatchObject({ status: 'running', waitingFor: ['signal go'] });
    mesh.signal(runId, 'go', 'again');
    await mesh.settle();
    expect((await readOther(mesh, runId)).output).toEqual(['early', 'again']);
  });

  test('says of a gather how many calls of which kind it repeats, and undoes the branches that it took over', async () => {
    const mesh = sagaWorld(async (wf) => {
      const compensate = undo(worker.undoA, ({ input }: { input: { id: string } }) => input);
      await wf.gather(each(worker.a, [{ id: 'x' }, { id: 'y' }], { compensate }));
      await wf.call(worker.b, { id: 'b' });
      await wf.call(worker.c, { id: 'c' });
    });
    await mesh.settle();
    const origin = await readOrigin(mesh);
    const whole = await planRerun(portsOf(mesh), origin, { from: '1' });
    expect(whole.repeats[0]).toEqual({ step: '1', operation: 'gather', target: '2 × worker.a' });
    mesh.behaviours['worker.c'] = () => fails('Rejected', 'sold_out');
    const rerun = await planRerun(portsOf(mesh), origin, { from: '2' });
    expect(ids(rerun.repeats)).toEqual(['2', '3']);
    expect((await readOther(mesh, await begin(mesh, rerun))).status).toBe('failed');
    expect(mesh.commands.slice(-2)).toEqual(['worker.undoA', 'worker.undoA']);
  });

  test('takes over a history that is longer than a document', async () => {
    const mesh = sagaWorld(async (wf) => {
      const long = 'x'.repeat(30_000);
      for (let turn = 0; turn < 10; turn++) await wf.call(worker.a, { id: `${turn} ${long}` });
      return (await step(wf, 'b')).ref;
    });
    await mesh.settle();
    const rerun = await planRerun(portsOf(mesh), await readOrigin(mesh), { from: '11' });
    expect(rerun.pages.length).toBeGreaterThan(0);
    const runId = await begin(mesh, rerun);
    expect(await readOther(mesh, runId)).toMatchObject({ status: 'completed', output: 'ref-b' });
    expect(mesh.commands.filter((type) => type === 'worker.a')).toHaveLength(10);
    const { history } = await readRecordedRun(portsOf(mesh).store, runId);
    expect(history.filter(({ e }) => e === 'step')).toHaveLength(11);
  });

  test('is refused for a step that is not there, and for a run that goes on', async () => {
    const mesh = sagaWorld(oneByOne, { 'worker.c': () => undefined });
    await mesh.deliver();
    const running = await readOrigin(mesh);
    await expect(planRerun(portsOf(mesh), running, { from: '2' })).rejects.toMatchObject({
      code: 'RunActive',
    });
    await mesh.settle();
    await expect(planRerun(portsOf(mesh), await readOrigin(mesh), { from: '9' })).rejects.toMatchObject({
      ...{ code: 'UsageInvalid', field: 'from' },
      message: expect.stringContaining('the steps 1 to 3'),
    });
  });
});

describe('a fork', () => {
  const contract = host.contract;
  const faulty = async (wf: WorkflowContext) => {
    const { ref } = await wf.call(worker.a, { id: 'a' });
    throw new Error(`no idea what to do with ${ref}`);
  };
  const mended = saga(async (wf) => {
    const { ref } = await wf.call(worker.a, { id: 'a' });
    return [ref, (await step(wf, 'b')).ref];
  }, 2);

  test('goes on by another version from where the run failed', async () => {
    const mesh = sagaWorld(faulty);
    await mesh.settle();
    const fork = await planFork(portsOf(mesh), await readOrigin(mesh), {
      code: { definition: mended, contract },
    });
    expect(fork.repeats).toEqual([]);
    mesh.deploy([saga(faulty), mended]);
    const run = await readOther(mesh, await begin(mesh, fork));
    expect(run).toMatchObject({ status: 'completed', version: 2, output: ['ref-a', 'ref-b'] });
    expect(mesh.commands).toEqual(['worker.a', 'worker.b']);
  });

  test('leaves out what the origin undid', async () => {
    const mesh = sagaWorld(oneByOne, { 'worker.c': () => fails('Rejected', 'sold_out') });
    await mesh.settle();
    const code = { definition: saga(oneByOne, 2), contract };
    const fork = await planFork(portsOf(mesh), await readOrigin(mesh), { code });
    expect(ids(fork.repeats)).toEqual(['1', '2', '3']);
  });

  test('is refused with the first differing command where the version does not match', async () => {
    const mesh = sagaWorld(oneByOne);
    await mesh.settle();
    const other = saga(async (wf) => {
      await step(wf, 'a');
      await step(wf, 'c');
    }, 2);
    const code = { definition: other, contract };
    const forking = planFork(portsOf(mesh), await readOrigin(mesh), { code });
    await expect(forking).rejects.toMatchObject({
      code: 'NonDeterministic',
      message: expect.stringMatching(
        /^version 2 of saga does not match: step 2: the history holds call worker\.b, the code issued call worker\.c, at .*reruns\.test\.ts:\d+$/,
      ),
    });
    expect(mesh.documents.size).toBe(1);
  });

  test('whose code is not deployed is blocked until it is', async () => {
    const mesh = sagaWorld(faulty);
    await mesh.settle();
    const fork = await planFork(portsOf(mesh), await readOrigin(mesh), {
      code: { definition: mended, contract },
    });
    const { runId } = fork.run;
    await beginRerun(portsOf(mesh), operator, fork);
    await mesh.deliver();
    expect(await readOther(mesh, runId)).toMatchObject({
      status: 'blocked',
      failure: { code: 'VersionUnknown' },
    });
    mesh.deploy([saga(faulty), mended]);
    await mesh.settle();
    expect(await readOther(mesh, runId)).toMatchObject({ status: 'completed' });
  });
});
