import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { hasCode } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { Message } from '../../../shared/contract/message.ts';
import { each, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { Ledger } from '../../../shared/workflow/ledger.ts';
import { worker } from './agents.ts';
import { compensate, items, LATE } from './gather-world.ts';
import { saga, sagaWorld } from './saga-world.ts';
import { type Behaviour, done, fails, seeded } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const Text = z.string();
const silent = { 'worker.a': () => undefined };
const doA = (wf: WorkflowContext, id = 'a') => wf.call(worker.a, { id }, { compensate });
const timer = (wf: WorkflowContext) => async () => {
  await wf.sleep('1s');
  return 'slept';
};
const undone = (mesh: ReturnType<typeof sagaWorld>) =>
  mesh.handled.filter(({ type }) => type === 'worker.undoA').map(({ data }) => data);

test('a signal that lost a race is let go: the next one goes to the wait that follows', async () => {
  const mesh = sagaWorld(async (wf) => {
    const first = await wf.race([() => wf.signal('go', { schema: Text }), timer(wf)]);
    return [first, await wf.signal('go', { schema: Text })];
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ waitingFor: ['signal go'], steps: { open: 1 } });
  mesh.signal(RUN, 'go', 'hello');
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual(['slept', 'hello']);
});

test('by Promise.race a lost wait stays open, but the signal goes to the wait that follows', async () => {
  const mesh = sagaWorld(async (wf) => {
    const first = await Promise.race([wf.signal('go', { schema: Text }), timer(wf)()]);
    return [first, await wf.signal('go', { schema: Text })];
  });
  await mesh.settle();
  mesh.signal(RUN, 'go', 'hello');
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual(['slept', 'hello']);
});

test('waits that began together are served in order, and one that began before them after them', async () => {
  const mesh = sagaWorld(async (wf) => {
    const early = wf.signal('go', { schema: Text });
    await wf.sleep('1s');
    const wait = () => wf.signal('go', { schema: Text });
    return Promise.all([early, wait(), wait()]);
  });
  await mesh.settle();
  for (const text of ['first', 'second', 'third']) {
    mesh.signal(RUN, 'go', text);
    await mesh.settle();
  }
  expect(mesh.run('saga', 'o1').output).toEqual(['third', 'first', 'second']);
});

test('a history of an earlier release, which gave a signal to the oldest wait, folds to what it was', async () => {
  const mesh = sagaWorld(async (wf) => {
    const first = wf.signal('go', { schema: Text });
    await wf.sleep('1s');
    return Promise.race([first, wf.signal('go', { schema: Text })]);
  });
  await mesh.settle();
  mesh.signal(RUN, 'go', 'hello');
  await mesh.deliver();
  const history = mesh.history('saga', 'o1');
  const earlier = history.map((entry) => {
    if (entry.e !== 'step' || entry.op !== 'signal') return entry;
    const { served: _, ...rest } = entry;
    return rest;
  });
  const statuses = (entries: typeof history) =>
    ['1', '3'].map((step) => Ledger.of(entries).steps.get(step)?.status);
  expect(statuses(history)).toEqual(['ignored', 'done']);
  expect(statuses(earlier)).toEqual(['done', 'ignored']);
});

test('a call that lost and succeeds later is undone, once, though the run has completed', async () => {
  const mesh = sagaWorld((wf) => wf.race([() => doA(wf), timer(wf)]), silent);
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'slept' });
  mesh.reply(RUN, '1.1', LATE);
  mesh.reply(RUN, '1.1', LATE);
  await mesh.settle();
  expect(undone(mesh)).toEqual([{ id: 'a', ref: 'late' }]);
});

test('what the losing branch has done is undone at once, the latest first, and the run goes on', async () => {
  const mesh = sagaWorld(async (wf) => {
    const winner = await wf.race([
      async () => {
        await doA(wf, 'a1');
        await doA(wf, 'a2');
        await wf.sleep('1h');
        return 'never';
      },
      timer(wf),
    ]);
    await wf.signal('end', { schema: z.undefined() });
    return winner;
  });
  await mesh.settle();
  expect(undone(mesh)).toEqual([
    { id: 'a2', ref: 'ref-a2' },
    { id: 'a1', ref: 'ref-a1' },
  ]);
  mesh.cancel(RUN);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
  expect(undone(mesh)).toHaveLength(2);
});

test.each([
  ['HandlerFailed', [{ id: 'a' }]],
  ['Rejected', []],
] as const)('a call that lost and fails later with %s is undone as %j', async (code, expected) => {
  const mesh = sagaWorld((wf) => wf.race([() => doA(wf), timer(wf)]), silent);
  await mesh.settle();
  const reply = fails(code, 'no');
  if (reply) mesh.reply(RUN, '1.1', reply);
  await mesh.settle();
  expect(undone(mesh)).toEqual(expected);
});

test('a call that lost and was never answered is undone when the run fails', async () => {
  const mesh = sagaWorld(async (wf) => {
    await wf.race([() => doA(wf), timer(wf)]);
    throw new Error('no');
  }, silent);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('failed');
  expect(undone(mesh)).toEqual([{ id: 'a' }]);
});

test.each(['ignore', 'record', 'compensate'] as const)(
  'a gather that lost is undone branch by branch, though its late replies are to be left (%s)',
  async (lateReplies) => {
    const mesh = sagaWorld(
      (wf) =>
        wf.race([
          () =>
            wf.gather(each(worker.a, items(3), { compensate }), { lateReplies, tolerate: { failures: 3 } }),
          timer(wf),
        ]),
      {
        'worker.a': ({ id }: { id: string }) => (id === '0' ? done({ ref: 'ref-0' }) : undefined),
      },
    );
    await mesh.settle();
    expect(mesh.run('saga', 'o1').output).toBe('slept');
    mesh.reply(RUN, '1/2.1', LATE);
    await mesh.settle();
    expect(undone(mesh)).toEqual([
      { id: '0', ref: 'ref-0' },
      { id: '2', ref: 'late' },
    ]);
  },
);

test('a branch that rejects first wins, and code of a loser that goes on gets StepCancelled', async () => {
  const seen: unknown[] = [];
  const mesh = sagaWorld(async (wf) => {
    const race = wf.race([
      async () => {
        await wf.sleep('1s');
        throw new Error('first');
      },
      async () => {
        for (;;) await wf.sleep('1h').catch((error) => seen.push(error.code));
      },
    ]);
    await expect(race).rejects.toThrow('first');
    await wf.sleep('1s');
    return 'on';
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'on' });
  // It catches every refusal, and is let go after a thousand.
  expect(new Set(seen)).toEqual(new Set(['StepCancelled']));
  expect(seen).toHaveLength(1_001);
});

test('a scope whose timeout passes is undone, and rejects with StepTimeout', async () => {
  const mesh = sagaWorld(async (wf) => {
    const outcome = await wf
      .scope(
        async () => {
          await doA(wf);
          await wf.signal('confirm', { schema: z.undefined() });
        },
        { timeout: '1h' },
      )
      .catch((error) => error.code);
    await wf.sleep('1s');
    return outcome;
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 'StepTimeout' });
  expect(undone(mesh)).toEqual([{ id: 'a', ref: 'ref-a' }]);
});

test('a scope that comes to its end in time lets its timer go, and stays done', async () => {
  const mesh = sagaWorld(async (wf) => {
    const { ref } = await wf.scope(() => doA(wf), { timeout: '1h' });
    await wf.signal('end', { schema: z.undefined() });
    return ref;
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({ waitingFor: ['signal end'], steps: { open: 1 } });
  mesh.signal(RUN, 'end');
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toBe('ref-a');
  expect(undone(mesh)).toEqual([]);
});

test('cancelling a scope cancels those in it, but not what is shielded', async () => {
  const mesh = sagaWorld(async (wf) => {
    const log: string[] = [];
    const note = (what: string) => (error: unknown) => {
      log.push(hasCode(error, 'StepCancelled') ? `${what} cancelled` : `${what} ${error}`);
    };
    await wf.scope(async (outer) => {
      const inner = wf.scope(() => wf.sleep('1h')).then(() => log.push('inner done'), note('inner'));
      const shielded = wf
        .shield(async () => {
          await wf.sleep('1m');
          await wf.call(worker.b, { id: 'b' });
          log.push('shielded done');
        })
        .catch(note('shielded'));
      await wf.sleep('1s');
      outer.cancel();
      outer.cancel();
      log.push(`cancelled: ${outer.cancelled}`);
      await wf.sleep('1s').catch(note('after'));
      await Promise.all([inner, shielded]);
      await wf.shield(() => wf.sleep('1s'));
      log.push('cleaned up');
    });
    return log;
  });
  await mesh.settle();
  expect(mesh.run('saga', 'o1').output).toEqual([
    'cancelled: true',
    'after cancelled',
    'inner cancelled',
    'shielded done',
    'cleaned up',
  ]);
});

test('a run that is cancelled in a race is undone as any other', async () => {
  const mesh = sagaWorld((wf) => wf.race([() => doA(wf), async () => void (await wf.sleep('1h'))]), silent);
  await mesh.deliver();
  mesh.cancel(RUN);
  await mesh.settle();
  expect(mesh.run('saga', 'o1').status).toBe('cancelled');
  expect(undone(mesh)).toEqual([{ id: 'a' }]);
});

test('a race without branches is a mistake', async () => {
  const mesh = sagaWorld((wf) => wf.race([]));
  await mesh.settle();
  expect(mesh.run('saga', 'o1').failure?.message).toBe('wf.race was given no branches');
});

test('code that no longer cancels what the history says was cancelled is parked', async () => {
  const end = (wf: WorkflowContext) => wf.signal('end', { schema: z.undefined() });
  const mesh = sagaWorld(async (wf) => {
    await wf.race([() => doA(wf), timer(wf)]);
    await end(wf);
  }, silent);
  await mesh.settle();
  mesh.deploy([
    saga(async (wf) => {
      await Promise.race([doA(wf), timer(wf)()]);
      await end(wf);
    }),
  ]);
  mesh.signal(RUN, 'end');
  await mesh.settle(() => mesh.run('saga', 'o1').status === 'blocked');
  expect(mesh.run('saga', 'o1').failure).toMatchObject({
    code: 'NonDeterministic',
    message: 'step 3: the history holds cancel race, the code issued signal end',
  });
});

/** Branches of calls, each with waits in between; one of them wins, or the timer of the scope around them does. */
interface Race {
  readonly branches: readonly (readonly { readonly wait: number; readonly failing: number }[])[];
  readonly timeout: number;
  readonly throws: boolean;
}

const races = fc.record<Race>({
  branches: fc.array(
    fc.array(fc.record({ wait: fc.nat(3), failing: fc.constantFrom(0, 0, 0, 1, 2) }), { maxLength: 3 }),
    { minLength: 1, maxLength: 3 },
  ),
  timeout: fc.integer({ min: 1, max: 8 }),
  throws: fc.boolean(),
});

async function playRace({ branches, timeout, throws }: Race, seed: number, warm: boolean) {
  const standing = new Set<string>();
  const tries = new Map<string, number>();
  const acts: Behaviour = ({ id }: { id: string }, message: Message) => {
    const [branch = 0, step = 0] = id.split('.').map(Number);
    const nth = (tries.get(id) ?? 0) + 1;
    tries.set(id, nth);
    if (nth <= (branches[branch]?.[step]?.failing ?? 0)) return fails('HandlerTimeout');
    standing.add(`${id} ${message.id}`);
    return done({ ref: message.id });
  };
  const undoes: Behaviour = ({ id, ref }: { id: string; ref?: string }) => {
    if (ref !== undefined) standing.delete(`${id} ${ref}`);
    return done();
  };
  const mesh = sagaWorld(
    async (wf) => {
      const lines = branches.map((steps, branch) => async () => {
        for (const [step, { wait }] of steps.entries()) {
          if (wait > 0) await wf.sleep(`${wait}s`);
          const id = `${branch}.${step}`;
          await wf.call(worker.a, { id }, { compensate, retry: { maxAttempts: 2 } });
        }
        return branch;
      });
      const won = await wf
        .scope(() => wf.race(lines), { timeout: `${timeout}s` })
        .catch((error) => (hasCode(error, 'StepTimeout') ? 'timeout' : 'failed'));
      await wf.sleep('1m');
      if (throws) throw new Error('no');
      return won;
    },
    { 'worker.a': acts, 'worker.undoA': undoes },
  );
  mesh.warm = warm;
  const choose = seeded(seed);
  let storm = 300;
  mesh.choose = (options) => (storm-- > 0 ? choose(options) : 0);
  await mesh.settle();
  return { mesh, standing };
}

test('whatever is duplicated, reordered, crashed or contended: what stands is what the winner did', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(races, fc.integer(), fc.boolean(), async (race, seed, warm) => {
      const { mesh, standing } = await playRace(race, seed, warm);
      const { status, output, failure } = mesh.run('saga', 'o1');
      expect(mesh.deadLetters.filter(({ agent }) => agent === 'shop')).toEqual([]);
      expect(status, failure?.message).toBe(race.throws ? 'failed' : 'completed');
      const by = [...standing].map((effect) => Number(effect.split('.')[0]));
      if (typeof output === 'number') {
        expect(new Set(by)).toEqual(new Set(race.branches[output]?.length ? [output] : []));
        expect(by).toHaveLength(race.branches[output]?.length ?? 0);
      }
      // A branch that failed by itself was not cancelled: what it did before that stands, unless the run is undone.
      if (race.throws || output === 'timeout') expect(by).toEqual([]);
      seen.add(race.throws ? 'failed' : typeof output === 'number' ? 'won' : String(output));
    }),
    { numRuns: 500, seed: 3 },
  );
  expect([...seen].sort()).toEqual(['failed', 'timeout', 'won']);
});

test('a scope whose timeout is no duration is refused', async () => {
  const mesh = sagaWorld((wf) => wf.scope(() => wf.sleep('1s'), { timeout: '1 hour' as never }));
  await mesh.settle();
  expect(mesh.run('saga', 'o1')).toMatchObject({
    status: 'failed',
    failure: { code: 'ArgumentInvalid', field: 'timeout' },
  });
});

test('a crowd of steps that a cancelled scope refuses side by side is told, and the run goes on', async () => {
  const mesh = sagaWorld((wf) =>
    wf
      .scope(async (scope) => {
        scope.cancel();
        return Promise.allSettled(Array.from({ length: 1_500 }, (_, n) => wf.call(worker.b, { id: `${n}` })));
      })
      .then((refused) => refused.length),
  );
  // A run that is blocked is looked at for ever.
  await mesh.deliver();
  expect(mesh.run('saga', 'o1')).toMatchObject({ status: 'completed', output: 1_500 });
});
