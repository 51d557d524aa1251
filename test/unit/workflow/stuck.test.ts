import { expect, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { runPath } from '../../../shared/contract/names.ts';
import { undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import type { Stuck } from '../../../shared/workflow/turn-watch.ts';
import { worker } from './agents.ts';
import { saga, sagaWorld } from './saga-world.ts';
import type { World } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const back = ({ input }: { input: { id: string } }) => ({ id: input.id });
const doA = (wf: WorkflowContext) => wf.call(worker.a, { id: 'a' }, { compensate: undo(worker.undoA, back) });

/** Asks again, whatever it is told. */
async function polling(wf: WorkflowContext): Promise<never> {
  for (;;) {
    try {
      await wf.sleep('1h');
    } catch {
      wf.log.info('polling again');
    }
  }
}

test('a cancelled run whose code catches and goes on is let go, undone, and in nobody’s way', async () => {
  const mesh = sagaWorld(async (wf, { orderId }) => {
    await doA(wf);
    if (orderId === 'o1') await polling(wf);
    return 'done';
  });
  await mesh.deliver();
  mesh.cancel(RUN, 'enough');
  mesh.start('saga', { orderId: 'o2' });
  await mesh.deliver();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'cancelled', steps: { open: 0 } });
  expect(mesh.run('saga', 'o2').status).toBe('completed');
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA', 'worker.a']);
  const polls = mesh.logged.filter(({ message }) => message === 'polling again').length;
  expect(polls).toBe(1_001);
  expect(mesh.logged).toContainEqual(
    expect.objectContaining({
      level: 'error',
      message: 'the run was cancelled: enough; its code is let go',
      fields: expect.objectContaining({ line: expect.stringContaining('stuck.test.ts') }),
    }),
  );
});

test('so is one whose deadline passed, on an instance that has nothing in memory', async () => {
  const mesh = sagaWorld(async (wf) => {
    await doA(wf);
    await polling(wf);
  });
  mesh.warm = false;
  await mesh.deliver();
  mesh.post({ type: 'mesh.terminate', runId: RUN, data: {} });
  await mesh.deliver();
  expect(mesh.run('saga', 'o1').status).toBe('terminated');
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('code that goes on for ever after the workflow returned is let go', async () => {
  const mesh = sagaWorld(async (wf) => {
    void polling(wf);
    await wf.sleep('1s');
    return 'over';
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'over' });
});

const CLOCK_LOOP = async (wf: WorkflowContext) => {
  await doA(wf);
  const end = wf.now().getTime() + 5_000;
  // The clock of a run stands still during a turn.
  while (wf.now().getTime() < end) {}
  return 'never';
};

test('code that waits for the clock of its run in a loop is parked, naming the line, and goes on once it is mended', async () => {
  const mesh = sagaWorld(CLOCK_LOOP);
  await mesh.deliver();
  const { status, failure } = mesh.run('saga', 'o1');
  expect({ status, code: failure?.code }).toEqual({ status: 'blocked', code: 'WorkflowStuck' });
  expect(failure?.message).toMatch(/test\/unit\/workflow\/stuck\.test\.ts:\d+$/);
  mesh.deploy([
    saga(async (wf) => {
      await doA(wf);
      return 'mended';
    }),
  ]);
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'mended' });
});

test('a run that is parked so can be cancelled, and is undone without its code', async () => {
  const mesh = sagaWorld(CLOCK_LOOP);
  await mesh.deliver();
  mesh.cancel(RUN);
  await mesh.deliver();
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('code that begins refused steps without end in one turn fails the run, which is undone', async () => {
  const mesh = sagaWorld(async (wf) => {
    await doA(wf);
    for (;;) {
      try {
        await wf.call(worker.b, { id: 1 as never });
      } catch {
        // Once more.
      }
    }
  });
  mesh.limit({ mostSteps: 50 });
  await mesh.deliver();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'failed', failure: { code: 'HistoryTooLarge' } });
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

/** As whoever watches the instance leaves it, when that had to be ended. */
function mark(mesh: World, stuck: Stuck): void {
  const path = runPath(RUN);
  const document = mesh.documents.get(path);
  if (!document) throw new TypeError('no run');
  const fields = { ...document.fields, stuck: { ...stuck } };
  mesh.documents.set(path, { path, fields, version: `${document.version}-marked` });
}

async function markedWorld(): Promise<World & { readonly tried: () => number }> {
  let tries = 0;
  const mesh = sagaWorld(async (wf) => {
    await doA(wf);
    await wf.sleep('10m');
    tries += 1;
    await wf.call(worker.b, { id: 'b' });
    return 'mended';
  });
  await mesh.deliver();
  mark(mesh, { at: new Date(mesh.now), build: 'build-1', line: 'agents/a/workflow.ts:7' });
  return Object.assign(mesh, { tried: () => tries });
}

test.each([true, false])(
  'the code of a run that is marked as stuck is not run by the same build (in memory: %s)',
  async (warm) => {
    const mesh = await markedWorld();
    mesh.warm = warm;
    await mesh.advanceTo(mesh.now + 86_400_000);
    expect(mesh.run('saga', 'o1')).toMatchObject({
      status: 'blocked',
      failure: {
        code: 'WorkflowStuck',
        message: 'the workflow saga did not come to rest: it was cut off at agents/a/workflow.ts:7',
      },
    });
    expect(mesh.tried()).toBe(0);
    mesh.build = 'build-2';
    mesh.deploy([
      saga(async (wf) => {
        await doA(wf);
        await wf.sleep('10m');
        return 'mended';
      }),
    ]);
    await mesh.settle();
    expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'mended' });
    expect(mesh.run('saga', 'o1').stuck).toBeUndefined();
  },
);

test('a run that is marked as stuck can be cancelled, and is undone without its code', async () => {
  const mesh = await markedWorld();
  mesh.cancel(RUN);
  await mesh.deliver();
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
  expect(mesh.commands).toEqual(['worker.a', 'worker.undoA']);
});

test('a start that is delivered again makes the run before its code is run', async () => {
  const mesh = sagaWorld(async (wf) => {
    await doA(wf);
    return 'done';
  });
  mesh.attempt = 2;
  await mesh.deliverNext();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'running', kept: [{ e: 'started' }] });
  expect(mesh.commands).toEqual([]);
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'done', kept: [] });
  expect(mesh.replies).toHaveLength(1);
});
