import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

/** What the code hands over that nothing can carry: each is refused to it, at once, with this code. */
const DOORS = {
  status: 'PayloadTooLarge',
  sleep: 'ArgumentInvalid',
  until: 'ArgumentInvalid',
  effect: 'OutputInvalid',
  input: 'SchemaMismatch',
  none: '',
} as const;
type Door = keyof typeof DOORS;
const DOOR_NAMES = Object.keys(DOORS) as [Door, ...Door[]];

const Chore = z.object({ choreId: z.string(), door: z.enum(DOOR_NAMES), throws: z.boolean() });
type Chore = z.infer<typeof Chore>;
const Mark = z.object({ choreId: z.string(), nonce: z.string(), dice: z.number(), drawn: z.number() });
const Done = Mark.extend({
  patched: z.boolean(),
  refused: z.string(),
  rested: z.number(),
  other: z.string(),
});
const Kept = z.object({ entered: z.number(), told: z.number(), marks: z.array(z.string()) });
const REST_MS = 5_000;

const registry = defineAgent({
  name: 'registry',
  commands: { enter: { input: Mark }, strike: { input: z.object({ choreId: z.string() }) } },
  subscribes: { 'clerk.told': { data: Mark } },
  state: { schema: Kept },
});
const clerk = defineAgent({
  name: 'clerk',
  calls: ['registry'],
  publishes: { told: Mark },
  workflows: { chore: { input: Chore, output: Done, key: 'choreId' } },
});

/** Effects that ran, over all instances: one whose instance died may run again, and its record is one. */
let drawn = 0;

const choreIn = (release: number) =>
  defineWorkflow({
    name: 'chore',
    version: 1,
    input: Chore,
    output: Done,
    status: z.any(),
    async run(wf, { choreId, door, throws }) {
      const start = wf.now().getTime();
      wf.setStatus({ at: 'begun' });
      const mark = {
        choreId,
        nonce: wf.uuid(),
        dice: wf.random(),
        drawn: (await wf.sideEffect('draw', () => ({ drawn: ++drawn }))).drawn,
      };
      await wf.call(registry.enter, mark, { compensate: undo(registry.strike, () => ({ choreId })) });
      let refused = '';
      const doors: Record<Door, () => unknown> = {
        status: () => wf.setStatus('x'.repeat(5_000)),
        sleep: () => wf.sleep('200000000d'),
        until: () => wf.until(new Date(Number.NaN)),
        effect: () => wf.sideEffect('odd', () => 5n),
        input: () => wf.call(registry.enter, { ...mark, dice: Number.NaN }),
        none: () => undefined,
      };
      try {
        await doors[door]();
      } catch (error) {
        if (!(error instanceof MeshError)) throw error;
        refused = error.code;
      }
      const patched = release > 1 && wf.patched('enter-twice');
      if (patched) await wf.call(registry.enter, mark);
      await wf.until(new Date(start + REST_MS));
      wf.setStatus({ at: 'rested' });
      const rested = wf.now().getTime() - start;
      wf.publish(clerk.told, mark);
      if (throws) throw new Error('half an emoji: \ud83d');
      return { ...mark, patched, refused, rested, other: wf.uuid() };
    },
  });

const blank = { entered: 0, told: 0, marks: [] };
const textOf = ({ nonce, dice, drawn: card }: z.infer<typeof Mark>) => `${nonce} ${dice} ${card}`;
const handlers = {
  enter: {
    keys: ({ choreId }) => [choreId],
    handle: (mark, ctx) => {
      const state = ctx.state.get(mark.choreId) ?? blank;
      const marks = [...new Set([...state.marks, textOf(mark)])];
      ctx.state.set(mark.choreId, { ...state, entered: state.entered + 1, marks });
    },
  },
  strike: {
    keys: ({ choreId }) => [choreId],
    handle: ({ choreId }, ctx) => {
      const state = ctx.state.get(choreId) ?? blank;
      ctx.state.set(choreId, { ...state, entered: -1 });
    },
  },
  'clerk.told': {
    keys: ({ choreId }) => [choreId],
    handle: (mark, ctx) => {
      const state = ctx.state.get(mark.choreId) ?? blank;
      const marks = [...new Set([...state.marks, textOf(mark)])];
      ctx.state.set(mark.choreId, { ...state, told: state.told + 1, marks });
    },
  },
} satisfies HandlersOf<typeof registry>;

/**
 * Time, chance, side effects, patches, a status and events, over replays and releases: the code sees one of each. What nothing can carry
 * is refused to the code.
 */
export const chores: Workload = { name: 'chores', play };

function play(random: Random): Play {
  drawn = 0;
  const wanted: Chore[] = Array.from({ length: random.between(1, 3) }, (_, at) => ({
    choreId: `chore-${at}`,
    door: random.pick(DOOR_NAMES),
    throws: random.chance(0.25),
  }));
  const acts: Play['acts'][number][] = [
    { atMs: random.below(random.pick([500, 8_000])), act: (client) => client.deploy('clerk', 2) },
  ];
  const cancelled = new Set<string>();
  for (const each of wanted) {
    acts.push({
      atMs: random.below(random.pick([500, 8_000])),
      act: (client) => client.command('clerk', 'chore', each),
    });
    if (!random.chance(0.2)) continue;
    cancelled.add(each.choreId);
    const runId = runIdOf('chore', each.choreId);
    acts.push({ atMs: random.below(12_000), act: (client) => client.cancel('clerk', runId) });
  }
  return {
    agents: [
      {
        contract: clerk.contract,
        routes: ({ ports: { clock, ids }, release }) =>
          workflowRoutes({ contract: clerk.contract, definitions: [choreIn(release)], clock, ids }),
      },
      {
        contract: registry.contract,
        routes: ({ ports: { clock, secrets } }) =>
          handlerRoutes({ contract: registry.contract, handlers, clock, secrets, env: {} }),
      },
    ],
    acts,
    audit: (end) => audit(end, wanted, cancelled),
  };
}

function* audit(
  { runs, documents }: EndState,
  wanted: readonly Chore[],
  cancelled: ReadonlySet<string>,
): Generator<string> {
  for (const { choreId, door, throws } of wanted) {
    const run = runs.find(({ key }) => key === choreId);
    if (!run) {
      yield `books: there is no run of ${choreId}`;
      continue;
    }
    const { entered, told, marks } = Kept.parse(
      documents.get(`agents/registry/state/${choreId}`)?.fields ?? blank,
    );
    if (marks.length > 1) yield `I9: ${choreId} saw ${marks.join(', and ')}`;
    if (told > 1) yield `I2: ${choreId} was told of ${told} times`;
    if (run.status !== 'completed') {
      const { code, message } = run.failure ?? {};
      if (entered > 0) yield `I8: ${choreId} is ${run.status}, and entered ${entered} times`;
      if (run.status === 'cancelled' ? !cancelled.has(choreId) : !unlucky(run) && !throws)
        yield `books: ${choreId} is ${run.status}: ${message}`;
      if (code === 'WorkflowFailed' && message !== 'half an emoji: \ufffd')
        yield `books: ${choreId} failed with ${message}`;
      continue;
    }
    const done = Done.parse(run.output);
    if (throws) yield `books: ${choreId} was to throw`;
    if (marks.join() !== textOf(done)) yield `I9: ${choreId} returned ${textOf(done)}, and entered ${marks}`;
    if (done.other === done.nonce) yield `I9: two ids of ${choreId} are ${done.nonce}`;
    if (done.refused !== DOORS[door])
      yield `books: the ${door} of ${choreId} was refused with "${done.refused}"`;
    if (entered !== (done.patched ? 2 : 1) || told !== 1)
      yield `I2: ${choreId} (${done.patched}) was entered ${entered} times, and told of ${told} times`;
    if (done.rested < REST_MS) yield `books: ${choreId} rested ${done.rested} ms`;
    if (JSON.stringify(run.customStatus) !== '{"at":"rested"}')
      yield `books: ${choreId} says it is ${JSON.stringify(run.customStatus)}`;
  }
}
