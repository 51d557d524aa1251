import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { milliseconds } from '../../../shared/contract/duration.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

const NAPS = ['2s', '90s', '6h', '40d', '75d'] as const;
const Plan = z.object({ planId: z.string(), naps: z.array(z.enum(NAPS)) });
type Plan = z.infer<typeof Plan>;

const bell = defineAgent({
  name: 'bell',
  commands: {
    ring: { input: z.object({ planId: z.string(), nap: z.number() }), output: z.object({ at: z.number() }) },
    remind: { input: z.object({ planId: z.string() }) },
    'remind-later': { input: z.object({ planId: z.string() }) },
  },
  calls: ['bell'],
  state: { schema: z.object({ rings: z.number(), reminders: z.number() }) },
});

const naps = defineAgent({
  name: 'naps',
  calls: ['bell'],
  workflows: { sleep: { input: Plan, output: z.object({ rings: z.array(z.number()) }), key: 'planId' } },
});

const sleepPlan = defineWorkflow({
  name: 'sleep',
  version: 1,
  input: Plan,
  output: z.object({ rings: z.array(z.number()) }),
  async run(wf, { planId, naps: lengths }) {
    const rings: number[] = [];
    for (const [nap, length] of lengths.entries()) {
      await wf.sleep(length);
      rings.push((await wf.call(bell.ring, { planId, nap })).at);
    }
    return { rings };
  },
});

const blank = { rings: 0, reminders: 0 };
const handlers = {
  ring: {
    keys: ({ planId }) => [planId],
    handle: ({ planId }, ctx) => {
      const state = ctx.state.get(planId) ?? blank;
      ctx.state.set(planId, { ...state, rings: state.rings + 1 });
      return { at: ctx.now().getTime() };
    },
  },
  remind: {
    keys: ({ planId }) => [planId],
    handle: ({ planId }, ctx) => {
      const state = ctx.state.get(planId) ?? blank;
      ctx.state.set(planId, { ...state, reminders: state.reminders + 1 });
    },
  },
  'remind-later': ({ planId }, ctx) => ctx.send(bell.remind, { planId }, { delay: '50d' }),
} satisfies HandlersOf<typeof bell>;

/** As far apart as the clocks of two instances can be without a jump, twice. */
const TOLERANCE_MS = 6_000;

/** Sleeps from seconds to months, beyond what one timer reaches; each ends once, and not before its time. */
export const timers: Workload = { name: 'timers', play };

function play(random: Random): Play {
  const plans: Plan[] = Array.from({ length: random.between(1, 3) }, (_, at) => ({
    planId: `plan-${at}`,
    naps: Array.from({ length: random.between(1, 4) }, () => random.pick(NAPS)),
  }));
  const began = new Map<string, number>();
  const acts: Play['acts'][number][] = plans.flatMap((plan) => [
    {
      atMs: random.below(10_000),
      act: (client) => {
        began.set(plan.planId, client.now());
        client.command('naps', 'sleep', plan);
      },
    },
    {
      atMs: random.below(10_000),
      act: (client) => client.command('bell', 'remind-later', { planId: plan.planId }),
    },
  ]);
  return {
    agents: [
      {
        contract: naps.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: naps.contract, definitions: [sleepPlan], clock, ids }),
      },
      {
        contract: bell.contract,
        routes: ({ ports: { clock, secrets } }) =>
          handlerRoutes({ contract: bell.contract, handlers, clock, secrets, env: {} }),
      },
    ],
    acts,
    audit: (end) => audit(end, plans, began),
  };
}

function* audit(
  { runs, documents, jumped }: EndState,
  plans: readonly Plan[],
  began: ReadonlyMap<string, number>,
): Generator<string> {
  for (const { planId, naps: lengths } of plans) {
    const run = runs.find(({ key }) => key === planId);
    const state = documents.get(`agents/bell/state/${planId}`)?.fields ?? blank;
    if (run && unlucky(run)) continue;
    if (run?.status !== 'completed') {
      yield `books: ${planId} is ${run?.status}: ${run?.failure?.message}`;
      continue;
    }
    if (state.rings !== lengths.length)
      yield `I2: ${planId} slept ${lengths.length} times, and the bell rang ${state.rings} times`;
    if (state.reminders !== 1) yield `I2: ${planId} was reminded ${state.reminders} times`;
    const { rings } = z.object({ rings: z.array(z.number()) }).parse(run.output);
    let before = began.get(planId) ?? 0;
    for (const [nap, length] of lengths.entries()) {
      const at = rings[nap] ?? 0;
      if (!jumped && at - before < milliseconds(length) - TOLERANCE_MS)
        yield `books: nap ${nap} of ${planId} took ${at - before} ms, not ${length}`;
      before = at;
    }
  }
}
