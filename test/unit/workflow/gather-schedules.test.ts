import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { Message } from '../../../shared/contract/message.ts';
import { each, undo } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';
import { type Behaviour, done, fails, seeded, type World } from './world.ts';

const RUN = runIdOf('saga', 'o1');

/** What becomes of one branch: how often it fails before it answers, and whether that is a success. */
interface Plan {
  readonly failing: number;
  readonly answer: 'works' | 'refuses' | 'is silent';
  readonly undoFailing: number;
}
interface Scatter {
  readonly branches: readonly Plan[];
  readonly quorum: number | undefined;
  readonly tolerated: number | undefined;
  readonly concurrency: number | undefined;
  readonly deadline: boolean;
  readonly timeout: boolean;
  readonly throws: boolean;
}

const scatters = fc
  .record({
    branches: fc.array(
      fc.record<Plan>({
        failing: fc.nat(2),
        answer: fc.constantFrom('works', 'works', 'works', 'refuses', 'is silent'),
        undoFailing: fc.nat(1),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    quorum: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
    tolerated: fc.option(fc.nat(6), { nil: undefined }),
    concurrency: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    deadline: fc.boolean(),
    timeout: fc.boolean(),
    throws: fc.boolean(),
  })
  .map(
    (scatter): Scatter => ({
      ...scatter,
      quorum: scatter.quorum && Math.min(scatter.quorum, scatter.branches.length),
    }),
  );

async function play(scatter: Scatter, seed: number, meanwhile?: (mesh: World) => void) {
  const { branches, quorum, tolerated, concurrency } = scatter;
  /** The effects that stand, as `branch message`. */
  const standing = new Set<string>();
  const tries = new Map<string, number>();
  const nth = (what: string) => tries.set(what, (tries.get(what) ?? 0) + 1).get(what) ?? 0;
  const plan = (id: string) => branches[Number(id)] as Plan;
  const acts: Behaviour = ({ id }: { id: string }, message: Message) => {
    const { failing, answer } = plan(id);
    if (nth(`do ${id}`) <= failing) return fails('HandlerTimeout');
    if (answer === 'refuses') return fails('Rejected', 'no');
    if (answer === 'is silent') return undefined;
    standing.add(`${id} ${message.id}`);
    return done({ ref: message.id });
  };
  const undoes: Behaviour = ({ id, ref }: { id: string; ref?: string }) => {
    if (nth(`undo ${id}`) <= plan(id).undoFailing) return fails('DeliveriesExhausted');
    if (ref !== undefined) standing.delete(`${id} ${ref}`);
    return done();
  };
  const mesh = sagaWorld(
    async (wf) => {
      const inputs = branches.map((_, at) => ({ id: String(at) }));
      const compensate = undo(
        worker.undoA,
        ({ input, output }: { input: { id: string }; output: { ref: string } | undefined }) => ({
          id: input.id,
          ...(output && { ref: output.ref }),
        }),
      );
      const gathered = await wf.gather(
        each(worker.a, inputs, {
          compensate,
          retry: { maxAttempts: 2 },
          ...(scatter.timeout && { timeout: '20s' }),
        }),
        {
          ...(scatter.deadline && { deadline: '30s' }),
          ...(quorum !== undefined && { quorum }),
          ...(tolerated !== undefined && { tolerate: { failures: tolerated } }),
          ...(concurrency !== undefined && { concurrency }),
        },
      );
      await wf.sleep('1s');
      if (scatter.throws) throw new Error('no');
      return gathered;
    },
    { 'worker.a': acts, 'worker.undoA': undoes },
  );
  // It storms, and then calms down: what comes twice has its whole aftermath come twice, and faults without end would drown a long run.
  const choose = seeded(seed);
  let storm = 300;
  mesh.choose = (options) => (storm-- > 0 ? choose(options) : 0);
  meanwhile?.(mesh);
  await mesh.settle();
  return { mesh, standing };
}

interface Output {
  readonly reason: string;
  readonly branches: readonly { readonly status: string; readonly output?: { readonly ref: string } }[];
}

/** Whatever came in whatever order: what stands is what the run says that it has. */
function expectHonest({ mesh, standing }: Awaited<ReturnType<typeof play>>, scatter: Scatter): string {
  const { status, failure, output } = mesh.run('saga', 'o1');
  expect(mesh.deadLetters.filter(({ agent }) => agent === 'shop')).toEqual([]);
  if (status !== 'completed') {
    expect([...standing]).toEqual([]);
    return `${status} ${failure?.reason ?? failure?.code}`;
  }
  const { reason, branches } = output as unknown as Output;
  const has = branches.flatMap((branch, at) =>
    branch.status === 'done' ? [`${at} ${branch.output?.ref}`] : [],
  );
  expect([...standing].sort()).toEqual(has.sort());
  const failed = branches.filter((branch) => branch.status === 'failed').length;
  const left = branches.length - has.length - failed;
  if (reason === 'all') expect(left).toBe(0);
  if (reason === 'quorum') expect(has.length).toBeGreaterThanOrEqual(scatter.quorum ?? Infinity);
  if (reason === 'deadline') expect(scatter.deadline && scatter.quorum === undefined).toBe(true);
  const allowed = scatter.tolerated ?? branches.length - (scatter.quorum ?? branches.length);
  expect(failed).toBeLessThanOrEqual(allowed);
  return `completed ${reason}`;
}

test('whatever is duplicated, reordered, crashed or contended: what stands is what the gather says', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(scatters, fc.integer(), async (scatter, seed) => {
      // Without its deadline and timeouts a silent branch is awaited for ever.
      fc.pre(
        scatter.deadline || scatter.timeout || scatter.branches.every(({ answer }) => answer !== 'is silent'),
      );
      seen.add(expectHonest(await play(scatter, seed), scatter));
    }),
    // Fixed: few of the schedules end by a deadline, and each way to end is to be met.
    { numRuns: 600, seed: 1 },
  );
  expect([...seen].sort()).toEqual([
    'completed all',
    'completed deadline',
    'completed quorum',
    'failed WorkflowFailed',
    'failed deadline',
    'failed quorum-unreachable',
    'failed tolerance-exceeded',
  ]);
});

test('a run that is cancelled in the middle of a gather leaves nothing standing', async () => {
  const statuses = new Set<string>();
  await fc.assert(
    fc.asyncProperty(scatters, fc.integer(), fc.nat(25), async (scatter, seed, patience) => {
      const played = await play({ ...scatter, timeout: true }, seed, (mesh) => {
        const deliverNext = mesh.deliverNext.bind(mesh);
        let left = patience;
        mesh.deliverNext = () => {
          if (left-- === 0 && mesh.documents.size > 0) mesh.cancel(RUN);
          return deliverNext();
        };
      });
      const { status } = played.mesh.run('saga', 'o1');
      statuses.add(status);
      if (status === 'completed') return;
      expect([...played.standing]).toEqual([]);
    }),
    { numRuns: 400, seed: 1 },
  );
  expect(statuses).toEqual(new Set(['completed', 'failed', 'cancelled']));
});
