import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { paletteFor } from '../../../cli/output/palette.ts';
import { detailsOf, detailsText } from '../../../cli/runs/run-text.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { SWEEP, TIMER } from '../../../shared/contract/message.ts';
import { historyOf, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { exportRun, parseExportedRun, planFork, planRerun } from '../../../shared/workflow/runs/index.ts';
import { worker } from './agents.ts';
import { saga, sagaWorld } from './saga-world.ts';
import { fails, type World } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const go = z.string();
const back = ({ input }: { input: { id: string } }) => ({ id: input.id });

/** Charges, sleeps beside a call, waits for a signal. */
const written = async (wf: WorkflowContext) => {
  await wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, back) });
  const nap = wf.sleep('1h');
  const { ref } = await wf.call(worker.b, { id: 'b' });
  await nap;
  return [ref, await wf.signal('go', { schema: go })];
};

/** Deploys code from before the operation `sleep` was invented: to it, the histories hold something unheard of. */
function rollBack(mesh: World): void {
  rename(mesh, '"op":"sleep"', '"op":"hibernate"');
}

function rollForward(mesh: World): void {
  rename(mesh, '"op":"hibernate"', '"op":"sleep"');
}

function rename(mesh: World, from: string, to: string): void {
  for (const [path, document] of mesh.documents) {
    const { history } = document.fields;
    if (typeof history !== 'string') continue;
    mesh.documents.set(path, {
      ...document,
      fields: { ...document.fields, history: history.replaceAll(from, to) },
    });
  }
  mesh.deploy([saga(written)]);
}

/** A world whose run has begun to sleep, while `b` is at work. */
async function sleeping(): Promise<World> {
  const mesh = sagaWorld(written, { 'worker.b': () => undefined });
  await mesh.deliver();
  expect(mesh.run('saga', 'o1').waitingFor).toEqual(['sleep', 'call worker.b']);
  return mesh;
}

const replyOfB = (mesh: World) => mesh.reply(RUN, '3.1', { ok: true, output: { ref: 'r' } });

describe('a run whose history holds an operation that the code does not know (I7)', () => {
  test('is blocked by whatever comes, keeps it, and goes on when the code that knows it is back', async () => {
    const mesh = await sleeping();
    rollBack(mesh);
    const { history } = mesh.run('saga', 'o1');
    replyOfB(mesh);
    mesh.signal(RUN, 'go', 'now');
    await mesh.deliver();
    const begun = mesh.now;
    await mesh.settle(() => mesh.now - begun > 10 * 3_600_000);
    const blocked = mesh.run('saga', 'o1');
    expect(blocked).toMatchObject({ status: 'blocked', history, failure: { code: 'OperationUnknown' } });
    expect(blocked.failure?.message).toBe('step 2: this code does not know the operation hibernate');
    expect(blocked.kept.map(({ e }) => e)).toEqual(['replied', 'signalled', 'fired']);
    expect(mesh.deadLetters).toEqual([]);
    rollForward(mesh);
    await mesh.settle();
    expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: ['r', 'now'], kept: [] });
    expect(mesh.commands).toEqual(['worker.a', 'worker.b']);
  });

  test('is blocked by the sweep that finds its timer lost, and goes on when the code is back', async () => {
    const mesh = await sleeping();
    expect(mesh.lose(({ type }) => type === TIMER)).toBe(1);
    rollBack(mesh);
    const sweep = async () => {
      mesh.now += 3 * 3_600_000;
      mesh.post({ type: SWEEP });
      await mesh.deliver();
    };
    await sweep();
    expect(mesh.run('saga', 'o1')).toMatchObject({
      status: 'blocked',
      failure: { code: 'OperationUnknown' },
    });
    rollForward(mesh);
    await sweep();
    await sweep();
    expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'running', waitingFor: ['call worker.b'] });
    expect(mesh.deadLetters).toEqual([]);
  });

  test.each(['cancel', 'terminate'] as const)('takes a %s once it is known what to undo', async (how) => {
    const mesh = await sleeping();
    rollBack(mesh);
    mesh.post({ type: `mesh.${how}`, runId: RUN });
    await mesh.deliver();
    expect(mesh.run('saga', 'o1').status).toBe('blocked');
    rollForward(mesh);
    await mesh.settle();
    expect(mesh.run('saga', 'o1').status).toBe(how === 'cancel' ? 'cancelled' : 'terminated');
    expect(mesh.commands).toEqual(['worker.a', 'worker.b', 'worker.undoA']);
  });

  test('is paused and resumed as any other; what is kept stays kept', async () => {
    const mesh = await sleeping();
    mesh.post({ type: 'mesh.pause', runId: RUN });
    await mesh.deliver();
    rollBack(mesh);
    replyOfB(mesh);
    await mesh.deliver();
    expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'paused', kept: [{ e: 'replied' }] });
    mesh.post({ type: 'mesh.resume', runId: RUN });
    await mesh.deliver();
    expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'blocked', kept: [{ e: 'replied' }] });
    mesh.post({ type: 'mesh.pause', runId: RUN });
    await mesh.deliver();
    expect(mesh.run('saga', 'o1').status).toBe('paused');
    rollForward(mesh);
    mesh.post({ type: 'mesh.resume', runId: RUN });
    mesh.signal(RUN, 'go', 'now');
    await mesh.settle();
    expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: ['r', 'now'] });
  });

  test('stays ended where it has: a reply that comes late is left until it can be told what to do with it', async () => {
    const mesh = sagaWorld(written);
    mesh.signal(RUN, 'go', 'now');
    await mesh.settle();
    expect(mesh.run('saga', 'o1').status).toBe('completed');
    rollBack(mesh);
    mesh.cancel(RUN);
    replyOfB(mesh);
    mesh.signal(RUN, 'go', 'again');
    const until = mesh.now + 5_000;
    await mesh.settle(() => mesh.now > until);
    expect(mesh.run('saga', 'o1').status).toBe('completed');
    expect(mesh.deadLetters.map(({ failure }) => failure.code)).toEqual(['RunEnded']);
    rollForward(mesh);
    await mesh.settle();
    expect(mesh.run('saga', 'o1').status).toBe('completed');
    expect(mesh.deadLetters).toHaveLength(1);
  });

  test('is blocked by an event that the code does not know too', async () => {
    const mesh = await sleeping();
    await mesh.settle(() => mesh.history('saga', 'o1').some(({ e }) => e === 'fired'));
    rename(mesh, '"e":"fired"', '"e":"woken"');
    replyOfB(mesh);
    await mesh.deliver();
    expect(mesh.run('saga', 'o1')).toMatchObject({
      status: 'blocked',
      failure: { code: 'OperationUnknown', message: 'this code does not know the event woken' },
    });
    rename(mesh, '"e":"woken"', '"e":"fired"');
    mesh.signal(RUN, 'go', 'now');
    await mesh.settle();
    expect(mesh.run('saga', 'o1').status).toBe('completed');
  });
});

describe('to look at such a run', () => {
  test('its steps are shown, the unknown one as such', async () => {
    const mesh = sagaWorld(written);
    mesh.signal(RUN, 'go', 'now');
    await mesh.settle();
    rollBack(mesh);
    const steps = historyOf(mesh.history('saga', 'o1'));
    expect(steps.map(({ operation, status }) => [operation, status])).toEqual([
      ['call', 'done'],
      ['hibernate', 'unknown'],
      ['call', 'done'],
      ['signal', 'done'],
    ]);
  });

  test('it is exported and shown as it is', async () => {
    const mesh = await sleeping();
    rollBack(mesh);
    replyOfB(mesh);
    await mesh.deliver();
    const recorded = { run: mesh.run('saga', 'o1'), history: mesh.history('saga', 'o1') };
    const exported = parseExportedRun(JSON.parse(JSON.stringify(exportRun(recorded))), 'the test');
    expect(exported.history).toEqual(recorded.history);
    const shown = detailsText(
      detailsOf(recorded.run, recorded.history),
      paletteFor({ write: () => true }, {}),
    );
    expect(shown).toMatch(/status +blocked/);
    expect(shown).toContain('OperationUnknown: step 2: this code does not know the operation hibernate');
    expect(shown).toMatch(/2 +hibernate sleep +unknown/);
  });

  test('a fork takes over what comes before it; a rerun from a step after it is refused', async () => {
    const mesh = sagaWorld(written, { 'worker.b': () => fails('Rejected') });
    await mesh.settle();
    expect(mesh.run('saga', 'o1').status).toBe('failed');
    rollBack(mesh);
    const origin = { run: mesh.run('saga', 'o1'), history: mesh.history('saga', 'o1') };
    const ports = { clock: { now: () => mesh.now, after: () => () => {} }, ids: { uuid: () => 'u' } };
    const code = { definition: saga(async () => 'over', 2), contract: mesh.contract };
    expect((await planFork(ports, origin, { code })).repeats[0]?.step).toBe('1');
    await expect(planRerun(ports, origin, { from: '3' })).rejects.toMatchObject({ code: 'OperationUnknown' });
    expect((await planRerun(ports, origin)).run.status).toBe('blocked');
  });
});
