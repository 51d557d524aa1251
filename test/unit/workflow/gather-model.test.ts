import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { MeshError } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { branch } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { type Answered, type Ending, GatherModel, type Happening, type Rules } from './gather-model.ts';
import { compensate } from './gather-world.ts';
import { sagaWorld } from './saga-world.ts';
import { done, fails } from './world.ts';

const RUN = runIdOf('saga', 'o1');
const MOST_BRANCHES = 5;

const rules = fc
  .record<Rules>({
    timeouts: fc.array(fc.constantFrom(undefined, 2, 3, 5, 8), { minLength: 1, maxLength: MOST_BRANCHES }),
    quorum: fc.option(fc.integer({ min: 1, max: MOST_BRANCHES }), { nil: undefined }),
    tolerated: fc.option(fc.nat(MOST_BRANCHES), { nil: undefined }),
    concurrency: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    deadline: fc.option(fc.constantFrom(4, 9), { nil: undefined }),
    late: fc.constantFrom('compensate', 'record', 'ignore'),
    throws: fc.boolean(),
  })
  .map((drawn) => ({ ...drawn, quorum: drawn.quorum && Math.min(drawn.quorum, drawn.timeouts.length) }));

const happenings = fc.array(
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record<Answered>({
        after: fc.constantFrom(0, 0, 1, 1, 2, 4),
        branch: fc.nat(MOST_BRANCHES - 1),
        answer: fc.constantFrom('success', 'success', 'Rejected', 'HandlerFailed', 'DeadlineExceeded'),
      }),
    },
    { weight: 1, arbitrary: fc.record<Ending>({ after: fc.nat(2), end: fc.constant(true) }) },
  ),
  { maxLength: 25 },
);

/** Plays the schedule against the engine and the model, and compares them after each thing that happens. */
async function play(given: Rules, schedule: readonly Happening[], warm: boolean): Promise<string> {
  const { timeouts, quorum, tolerated, concurrency, deadline, late, throws } = given;
  const sent: string[] = [];
  const began = { at: 0 };
  const second = () => (mesh.now - began.at) / 1_000;
  let outcome: string | undefined;
  const mesh = sagaWorld(
    async (wf) => {
      const branches = timeouts.map((timeout, at) =>
        branch(
          worker.a,
          { id: String(at) },
          { compensate, ...(timeout !== undefined && { timeout: `${timeout}s` }) },
        ),
      );
      try {
        const gathered = await wf.gather(branches, {
          lateReplies: late,
          ...(quorum !== undefined && { quorum }),
          ...(tolerated !== undefined && { tolerate: { failures: tolerated } }),
          ...(concurrency !== undefined && { concurrency }),
          ...(deadline !== undefined && { deadline: `${deadline}s` }),
        });
        const told = gathered.branches.map((each) =>
          each.status === 'failed' ? each.failure.code : each.status === 'open' ? 'open' : each.status,
        );
        outcome = `${gathered.reason} ${told.join(' ')}`;
      } catch (error) {
        outcome = error instanceof MeshError ? error.reason : String(error);
      }
      await wf.signal('end', { schema: z.undefined() });
      if (throws) throw new Error('no');
    },
    {
      'worker.a': ({ id }: { id: string }) => {
        sent.push(`${second()} do ${id}`);
        return undefined;
      },
      'worker.undoA': ({ id, ref }: { id: string; ref?: string }) => {
        sent.push(`${second()} undo ${id} ${ref === undefined ? 'unknown' : 'known'}`);
        return done();
      },
    },
  );
  mesh.warm = warm;
  began.at = mesh.now;
  await mesh.deliver();
  const model = new GatherModel(given);
  const same = () => {
    expect({ sent, outcome, status: mesh.run('saga', 'o1').status }).toEqual({
      sent: model.sent,
      outcome: model.outcome?.replaceAll('left', 'open'),
      status: model.status,
    });
  };
  same();
  let now = 0;
  let ended = false;
  for (const happening of schedule) {
    if ('end' in happening && ended) continue;
    now += happening.after;
    await mesh.advanceTo(began.at + now * 1_000);
    if ('end' in happening) {
      ended = true;
      mesh.signal(RUN, 'end');
      model.happen(happening);
    } else {
      // Time passes, whether or not there is a branch to be answered.
      const here = { after: 0, branch: happening.branch, answer: happening.answer } as const;
      model.passTime(happening.after);
      if (happening.branch >= timeouts.length || !model.dispatched(happening.branch)) continue;
      const reply =
        happening.answer === 'success'
          ? done({ ref: `ref-${happening.branch}` })
          : fails(happening.answer, happening.answer === 'Rejected' ? 'no' : undefined);
      if (reply) mesh.reply(RUN, `1/${happening.branch}.1`, reply);
      model.happen(here);
    }
    await mesh.deliver();
    same();
  }
  expect(mesh.deadLetters).toEqual([]);
  return model.outcome?.split(' ')[0] ?? 'open';
}

test('a gather comes to what its rules say, whatever comes in time, late, twice or never', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(rules, happenings, fc.boolean(), async (given, schedule, warm) => {
      const came = await play(given, schedule, warm);
      seen.set(came, (seen.get(came) ?? 0) + 1);
    }),
    { numRuns: 1_500 },
  );
  for (const end of ['all', 'quorum', 'deadline', 'quorum-unreachable', 'tolerance-exceeded', 'open'])
    expect(seen.get(end) ?? 0, end).toBeGreaterThan(10);
});
