import { expect, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { branch, each } from '../../../shared/workflow/index.ts';
import { Ledger } from '../../../shared/workflow/ledger.ts';
import { worker } from './agents.ts';
import { compensate, items, LATE } from './gather-world.ts';
import { sagaWorld } from './saga-world.ts';
import { done } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const silent = { 'worker.a': () => undefined };

/** Three branches of which the first times out after a second, and is answered after two. */
async function lateWorld(lateReplies: 'ignore' | 'record' | 'compensate') {
  const mesh = sagaWorld(async (wf) => {
    const [first, ...others] = items(3).map((input) => branch(worker.a, input, { compensate }));
    const timed = branch(worker.a, { id: '0' }, { compensate, timeout: '1s' });
    if (!first) throw new TypeError('no branch');
    const { reason, branches } = await wf.gather([timed, ...others], { quorum: 2, lateReplies });
    return [reason, ...branches.map(({ status }) => status)];
  }, silent);
  await mesh.advanceTo(mesh.now + 2_000);
  mesh.reply(RUN, '1/0.1', LATE);
  await mesh.deliver();
  return mesh;
}

test.each(['ignore', 'record', 'compensate'] as const)(
  'a branch that timed out is one failure, though it succeeds after all (%s)',
  async (late) => {
    const mesh = await lateWorld(late);
    expect(mesh.run('saga', 'o1').status).toBe('running');
    for (const step of ['1/1.1', '1/2.1']) mesh.reply(RUN, step, { ok: true, output: { ref: step } });
    await mesh.settle();
    expect(mesh.run('saga', 'o1').output).toEqual(['quorum', 'failed', 'done', 'done']);
  },
);

test('a branch that timed out gives its place back once, though it is answered after all', async () => {
  const mesh = sagaWorld(
    (wf) =>
      wf.gather(each(worker.a, items(6), { timeout: '1s', compensate }), {
        concurrency: 1,
        tolerate: { failures: 6 },
      }),
    silent,
  );
  const asked = () => mesh.handled.filter(({ type }) => type === 'worker.a').length;
  await mesh.advanceTo(mesh.now + 1_000);
  expect(asked()).toBe(2);
  mesh.reply(RUN, '1/0.1', LATE);
  mesh.reply(RUN, '1/0.1', { ok: true, output: { ref: 'again' } });
  await mesh.deliver();
  expect(asked()).toBe(2);
  mesh.reply(RUN, '1/1.1', done() ?? LATE);
  await mesh.deliver();
  expect(asked()).toBe(3);
});

test('a history of an earlier release, which counted a late answer as another end, folds to what it was', async () => {
  const history = (await lateWorld('record')).history('saga', 'o1');
  const earlier = history.map((entry) => {
    if (entry.e !== 'step' || entry.op !== 'gather') return entry;
    const { counted: _, ...rest } = entry;
    return rest;
  });
  expect(Ledger.of(history).steps.get('1')?.status).toBe('open');
  expect(Ledger.of(earlier).steps.get('1')?.failure).toMatchObject({ reason: 'quorum-unreachable' });
});
