import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { historyPath } from '../../../shared/contract/names.ts';
import { undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { sagaWorld } from './saga-world.ts';
import { type Behaviour, done, fails, seeded, type World } from './world.ts';

const RUN = runIdOf('saga', 'o1');

interface Act {
  readonly what: 'call' | 'sleep' | 'effect' | 'signal' | 'uuid' | 'together';
  readonly answer: 'works' | 'refuses' | 'fails';
  /** Bytes of the input: long ones fill the tail of the history, so that pages are written. */
  readonly bytes: number;
}

const acts = fc.array(
  fc.record<Act>({
    what: fc.constantFrom('call', 'call', 'sleep', 'effect', 'signal', 'uuid', 'together'),
    answer: fc.constantFrom('works', 'works', 'works', 'refuses', 'fails'),
    bytes: fc.constantFrom(10, 10, 9_000, 30_000),
  }),
  { minLength: 1, maxLength: 8 },
);

async function perform(wf: WorkflowContext, plan: readonly Act[]): Promise<unknown> {
  const seen: unknown[] = [];
  const call = (at: number, bytes: number) =>
    wf.call(
      worker.a,
      { id: `${at}-${'x'.repeat(bytes)}` },
      {
        timeout: '1h',
        retry: { maxAttempts: 2 },
        compensate: undo(worker.undoA, ({ input, output }) => ({
          id: input.id.slice(0, 8),
          ...(output && { ref: output.ref }),
        })),
      },
    );
  for (const [at, { what, bytes }] of plan.entries()) {
    if (what === 'call') seen.push((await call(at, bytes)).ref);
    if (what === 'together') seen.push(...(await Promise.all([call(at, bytes), call(at + 100, bytes)])));
    if (what === 'sleep') await wf.sleep('1m');
    if (what === 'uuid') seen.push(wf.uuid(), wf.now().getTime());
    if (what === 'signal')
      seen.push(await wf.signal('go', { schema: z.json(), timeout: '10s' }).catch(String));
    if (what === 'effect') {
      const list = await wf.sideEffect<number[]>('list', () => [at]);
      // What it does to a result is its own affair.
      list.push(99);
      seen.push(list.length);
    }
  }
  return seen;
}

async function play(
  plan: readonly Act[],
  seed: number | undefined,
  warm: boolean,
  cancelled: boolean,
): Promise<World> {
  const behaviour: Behaviour = ({ id }: { id: string }) => {
    const answer = plan[Number.parseInt(id, 10) % 100]?.answer;
    if (answer === 'refuses') return fails('Rejected', 'no');
    return answer === 'fails' ? fails('HandlerTimeout') : done({ ref: id.slice(0, 8) });
  };
  const mesh = sagaWorld((wf) => perform(wf, plan), { 'worker.a': behaviour });
  mesh.warm = warm;
  if (seed !== undefined) mesh.choose = seeded(seed);
  await mesh.deliverNext();
  mesh.signal(RUN, 'go', { yes: true });
  if (cancelled) mesh.cancel(RUN, 'enough');
  await mesh.settle();
  return mesh;
}

const everything = (mesh: World) => ({
  documents: [...mesh.documents.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
  commands: mesh.handled,
  replies: mesh.replies,
  deadLetters: mesh.deadLetters,
});

test('an instance that goes on without replay writes and sends, byte for byte, what one that replays does', async () => {
  await fc.assert(
    fc.asyncProperty(acts, fc.nat(), fc.boolean(), async (plan, seed, cancelled) => {
      const cold = everything(await play(plan, seed, false, cancelled));
      expect(everything(await play(plan, seed, true, cancelled))).toEqual(cold);
    }),
    { numRuns: 150 },
  );
});

const long: readonly Act[] = Array.from({ length: 12 }, () => ({
  what: 'call',
  answer: 'works',
  bytes: 20_000,
}));

test('the older part of a long history is in pages, which go when the run does', async () => {
  const mesh = await play(long, undefined, false, false);
  const run = mesh.run('saga', 'o1');
  expect(run).toMatchObject({ status: 'completed', pages: 3 });
  expect(run.history.length).toBeLessThan(64_000);
  const steps = mesh.history('saga', 'o1').filter(({ e }) => e === 'step');
  expect(steps.map((entry) => 'id' in entry && Number(entry.id))).toEqual(long.map((_, at) => at + 1));
  for (let page = 0; page < run.pages; page++) {
    expect(mesh.documents.get(historyPath(RUN, page))?.fields.expireAt).toEqual(run.expireAt);
  }
});

test('an instance that has the run in memory reads no page of it', async () => {
  const lasting = await play(long, undefined, true, false);
  const fresh = await play(long, undefined, false, false);
  expect(lasting.reads).toBe(0);
  expect(fresh.reads).toBeGreaterThan(0);
});
