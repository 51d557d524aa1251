import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { Message } from '../../../shared/contract/message.ts';
import { undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';
import { type Behaviour, type Chooser, done, fails, seeded, type World } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const DO = [worker.a, worker.b, worker.c] as const;
const UNDO = [worker.undoA, worker.undoB, worker.undoC] as const;

/** What a step of a plan does: how often its agent fails before it answers as `answer` says, and the same for its undo. */
interface Plan {
  readonly failing: number;
  readonly answer: 'works' | 'refuses';
  readonly undoFailing: number;
  readonly attempts: number;
  readonly parallel: boolean;
  readonly caught: boolean;
}

const plans = fc.array(
  fc.record<Plan>({
    failing: fc.nat(2),
    answer: fc.constantFrom('works', 'works', 'works', 'refuses'),
    undoFailing: fc.nat(2),
    attempts: fc.integer({ min: 1, max: 3 }),
    parallel: fc.boolean(),
    caught: fc.boolean(),
  }),
  { minLength: 1, maxLength: 3 },
);

/**
 * The state of the agents' world: the effects that stand, each with the command that had it. Which commands were sent, and undone,
 * on the way there may well depend on what came first.
 */
interface Books {
  readonly standing: Set<string>;
}

async function play(
  plan: readonly Plan[],
  choose: Chooser,
  options: { readonly timeout?: '5s'; readonly meanwhile?: (mesh: World) => void } = {},
): Promise<{ mesh: World; books: Books }> {
  const books: Books = { standing: new Set() };
  const tries = new Map<string, number>();
  const behaviours: Record<string, Behaviour> = {};
  for (const [at, { failing, answer, undoFailing }] of plan.entries()) {
    const nth = (type: string) => tries.set(type, (tries.get(type) ?? 0) + 1).get(type) ?? 0;
    const [action, reversal] = [DO[at], UNDO[at]];
    if (!action || !reversal) throw new Error('the plan is too long');
    behaviours[action.type] = (_input: never, { id }: Message) => {
      if (nth(action.type) <= failing) return fails('HandlerTimeout');
      if (answer === 'refuses') return fails('Rejected', 'no');
      books.standing.add(`${action.name} ${id}`);
      return done({ ref: id });
    };
    behaviours[reversal.type] = ({ ref }: { ref?: string }) => {
      if (nth(reversal.type) <= undoFailing) return fails('DeliveriesExhausted');
      if (ref !== undefined) books.standing.delete(`${action.name} ${ref}`);
      return done();
    };
  }
  const mesh = sagaWorld((wf) => workflow(wf, plan, options.timeout), behaviours);
  mesh.choose = choose;
  mesh.start('saga', { orderId: 'o1' });
  options.meanwhile?.(mesh);
  await mesh.settle();
  return { mesh, books };
}

async function workflow(
  wf: WorkflowContext,
  plan: readonly Plan[],
  timeout: '5s' | undefined,
): Promise<unknown> {
  const began: Promise<unknown>[] = [];
  for (const [at, { attempts, parallel, caught }] of plan.entries()) {
    const [action, reversal] = [DO[at], UNDO[at]];
    if (!action || !reversal) throw new Error('the plan is too long');
    const step = wf.call(
      action,
      { id: String(at) },
      {
        retry: { maxAttempts: attempts },
        compensate: undo(reversal, ({ input, output }) => ({
          id: input.id,
          ...(output && { ref: output.ref }),
        })),
        ...(timeout && { timeout }),
      },
    );
    const guarded = caught ? step.catch(() => 'caught') : step;
    if (parallel) began.push(guarded);
    else await guarded;
  }
  await wf.sleep('1s');
  const results = await Promise.allSettled(began);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed) throw new Error('a parallel step failed');
  return results.length;
}

const summary = ({ mesh, books }: Awaited<ReturnType<typeof play>>) => {
  const { status, output, failure } = mesh.run('saga', 'o1');
  return {
    status,
    output,
    failure: failure?.code,
    standing: [...books.standing].sort(),
    answers: mesh.replies.map(({ message }) => message.data),
  };
};

test('whatever is duplicated, reordered, crashed or contended, the outcome and what stands are the same', async () => {
  await fc.assert(
    fc.asyncProperty(plans, fc.integer(), async (plan, seed) => {
      const calm = summary(await play(plan, () => 0));
      const stormy = await play(plan, seeded(seed));
      expect(summary(stormy)).toEqual(calm);
      const unexpected = stormy.mesh.deadLetters.filter(({ agent }) => agent === 'shop');
      expect(unexpected).toEqual([]);
    }),
    { numRuns: 400 },
  );
});

test('cancelled at any time, timed out at any time: a run that did not complete leaves nothing standing', async () => {
  const statuses = new Set<string>();
  await fc.assert(
    fc.asyncProperty(plans, fc.integer(), fc.boolean(), async (plan, seed, cancel) => {
      const choose = seeded(seed);
      const { mesh, books } = await play(plan, choose, {
        timeout: '5s',
        meanwhile: (mesh) => {
          const patience = 1 + choose(20);
          let deliveries = 0;
          const deliverNext = mesh.deliverNext.bind(mesh);
          mesh.deliverNext = async () => {
            // Time may pass while messages lie about; the cancellation comes when it comes.
            if (choose(10) === 1) mesh.now += 2_000;
            deliveries += 1;
            if (cancel && deliveries >= patience && mesh.documents.size > 0) {
              cancel = false;
              mesh.cancel(RUN);
            }
            return deliverNext();
          };
        },
      });
      const { status } = mesh.run('saga', 'o1');
      statuses.add(status);
      expect(['completed', 'failed', 'cancelled']).toContain(status);
      if (status !== 'completed') expect([...books.standing]).toEqual([]);
      expect(mesh.replies).toHaveLength(1);
    }),
    { numRuns: 600 },
  );
  expect(statuses).toEqual(new Set(['completed', 'failed', 'cancelled']));
});
