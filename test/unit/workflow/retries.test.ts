import { expect, test } from 'vitest';
import { undo } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';
import { type Answer, done, fails } from './world.ts';

/** How often `worker.a` is asked where it fails as `answer` says, with the given rules. */
async function attempts(answer: Answer, rules: { on?: string[]; unless?: string[] }): Promise<number> {
  const mesh = sagaWorld((wf) => wf.call(worker.a, { id: 'a' }, { retry: { maxAttempts: 3, ...rules } }), {
    'worker.a': () => answer,
  });
  await mesh.settle();
  return mesh.handled.length;
}

test.each([
  ['nothing is said, and it is no refusal', fails('ProviderFailed'), {}, 3],
  ['nothing is said, and it is a refusal', fails('Rejected', 'rate_limited'), {}, 1],
  ['its code is among those to retry', fails('ProviderFailed'), { on: ['ProviderFailed'] }, 3],
  ['its code is not among those to retry', fails('HandlerTimeout'), { on: ['ProviderFailed'] }, 1],
  [
    'the reason of its refusal is among those to retry',
    fails('Rejected', 'rate_limited'),
    { on: ['rate_limited'] },
    3,
  ],
  ['another reason is among those to retry', fails('Rejected', 'card_declined'), { on: ['rate_limited'] }, 1],
  ['its code is excepted', fails('HandlerTimeout'), { unless: ['HandlerTimeout'] }, 1],
  ['it is both to retry and excepted', fails('Rejected', 'no'), { on: ['Rejected'], unless: ['no'] }, 1],
])('when %s', async (_, answer, rules, expected) => {
  expect(await attempts(answer, rules)).toBe(expected);
});

test('a refusal that was tried again, and stood, leaves nothing to undo', async () => {
  const mesh = sagaWorld(
    (wf) =>
      wf.call(
        worker.a,
        { id: 'a' },
        {
          retry: { maxAttempts: 3, on: ['busy'] },
          compensate: undo(worker.undoA, ({ input }) => ({ id: input.id })),
        },
      ),
    { 'worker.a': () => fails('Rejected', 'busy') },
  );
  await mesh.settle();
  expect(mesh.commands).toEqual(['worker.a', 'worker.a', 'worker.a']);
});

test('a retry that asks for no attempt is refused', async () => {
  const mesh = sagaWorld((wf) => wf.call(worker.a, { id: 'a' }, { retry: { maxAttempts: 0 } }), {
    'worker.a': () => done({ ref: 'r' }),
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').failure?.message).toContain('maxAttempts');
});
