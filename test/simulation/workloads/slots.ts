import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

const Dish = z.object({ dishId: z.string(), cook: z.string(), course: z.number(), courses: z.number() });
type Dish = z.infer<typeof Dish>;
const Pan = z.object({ cook: z.string(), pan: z.string() });

const stove = defineAgent({
  name: 'stove',
  commands: { take: { input: Pan, mode: 'effect' }, leave: { input: Pan, mode: 'effect' } },
});

/** How many dishes a cook may have on the stove, and how long one may take, its wait included. */
interface House {
  readonly limit: number;
  readonly deadline: '45s' | undefined;
}

const kitchenOf = ({ limit, deadline }: House) =>
  defineAgent({
    name: 'kitchen',
    calls: ['stove'],
    workflows: {
      cook: {
        input: Dish,
        output: z.object({ courses: z.number() }),
        key: 'dishId',
        concurrency: { key: 'cook', limit },
        ...(deadline && { deadline }),
      },
    },
  });

const cookDish = defineWorkflow({
  name: 'cook',
  version: 1,
  input: Dish,
  output: z.object({ courses: z.number() }),
  async run(wf, { dishId, cook, course, courses }) {
    const pan = { cook, pan: `${dishId}/${course}` };
    await wf.call(stove.take, pan, { compensate: undo(stove.leave, () => pan) });
    await wf.sleep('3s');
    await wf.call(stove.leave, pan);
    if (course < courses) return wf.continueAsNew({ dishId, cook, course: course + 1, courses });
    return { courses };
  },
});

/** Pans on the stove, of each cook. One that was taken off before it was put on can't be put on any more. */
class Stove {
  readonly pans = new Map<string, Set<string>>();
  readonly crowded: string[] = [];
  readonly cooked: string[] = [];
  readonly #off = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take({ cook, pan }: z.infer<typeof Pan>): void {
    if (this.#off.has(pan)) throw rejected('off', 'it was taken off before');
    const pans = this.pans.get(cook) ?? new Set();
    if (!pans.has(pan)) this.cooked.push(pan);
    this.pans.set(cook, pans.add(pan));
    if (pans.size > this.#limit) this.crowded.push(`${cook}: ${[...pans].join(', ')}`);
  }

  leave({ cook, pan }: z.infer<typeof Pan>): void {
    this.pans.get(cook)?.delete(pan);
    this.#off.add(pan);
  }
}

const handlersOf = (pans: Stove, outside: Outside) =>
  ({
    take: (pan, ctx) => outside.ask(`to put ${pan.pan} on`, ctx, () => pans.take(pan)),
    leave: (pan, ctx) => outside.ask(`to take ${pan.pan} off`, ctx, () => pans.leave(pan)),
  }) satisfies HandlersOf<typeof stove>;

/** Runs that share slots: started, cancelled, terminated, paused and out of time at any moment, and begun anew with the slot they hold. */
export const slots: Workload = { name: 'slots', play };

function play(random: Random): Play {
  const house: House = {
    limit: random.between(1, 2),
    deadline: random.pick<House['deadline']>(['45s', undefined, undefined]),
  };
  const kitchen = kitchenOf(house);
  const pans = new Stove(house.limit);
  const dishes: Dish[] = Array.from({ length: random.between(2, 7) }, (_, at) => ({
    dishId: `dish-${at}`,
    cook: random.pick(['ann', 'ann', 'bob']),
    course: 1,
    courses: random.pick([1, 1, 2, 3]),
  }));
  const acts: Play['acts'][number][] = [];
  for (const dish of dishes) {
    const runId = runIdOf('cook', dish.dishId);
    const start = random.below(random.pick([200, 10_000]));
    acts.push({ atMs: start, act: (client) => client.command('kitchen', 'cook', dish) });
    if (random.chance(0.15))
      acts.push({
        atMs: start + random.below(20_000),
        act: (client) => client.command('kitchen', 'cook', dish),
      });
    if (random.chance(0.4)) {
      const how = random.pick(['cancel', 'terminate', 'pause']);
      acts.push({
        atMs: start + random.below(random.pick([500, 20_000])),
        act: (client) => {
          if (how === 'cancel') client.cancel('kitchen', runId);
          else client.steer('kitchen', runId, how === 'pause' ? 'pause' : 'terminate');
        },
      });
    }
  }
  return {
    agents: [
      {
        contract: kitchen.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: kitchen.contract, definitions: [cookDish], clock, ids }),
      },
      {
        contract: stove.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: stove.contract,
            handlers: handlersOf(pans, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, pans, dishes, house),
  };
}

function* audit(
  { runs }: EndState,
  pans: Stove,
  dishes: readonly Dish[],
  { deadline }: House,
): Generator<string> {
  for (const crowd of pans.crowded) yield `slots: on the stove at a time were ${crowd}`;
  for (const [cook, left] of pans.pans)
    if (left.size > 0) yield `I8: ${[...left]} of ${cook} is on the stove`;
  for (const { dishId, courses } of dishes) {
    const run = runs.find(({ runId }) => runId === runIdOf('cook', dishId));
    if (!run) {
      yield `books: there is no run of ${dishId}`;
      continue;
    }
    const cooked = pans.cooked.filter((pan) => pan.startsWith(`${dishId}/`));
    if (new Set(cooked).size < cooked.length) yield `I2: cooked twice: ${cooked}`;
    if (run.status === 'completed' && cooked.length !== courses)
      yield `books: ${dishId} has ${cooked.length} courses of ${courses}`;
    const late = deadline !== undefined && run.failure?.code === 'RunDeadlineExceeded';
    if (run.status === 'failed' && !late && !unlucky(run))
      yield `books: ${dishId} failed: ${run.failure?.message}`;
  }
}
