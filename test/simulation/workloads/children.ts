import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { hasCode, rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';

const Place = z.object({
  placeId: z.string(),
  depth: z.number(),
  width: z.number(),
  sinks: z.string(),
  /** A part that takes longer is done without. */
  patience: z.enum(['6s', 'none']),
  /** The top of the tree waits for ever: only a cancellation that is passed down to it ends it. */
  waits: z.boolean(),
});
const Ground = z.object({ placeId: z.string(), sinks: z.boolean() });
/** `whole`: with all that was built upon it. */
const Left = z.object({ placeId: z.string(), whole: z.boolean() });

const ground = defineAgent({
  name: 'ground',
  commands: {
    take: { input: Ground, mode: 'effect' },
    leave: { input: Left, mode: 'effect' },
  },
});

const builders = defineAgent({
  name: 'builders',
  calls: ['ground', 'builders'],
  workflows: { build: { input: Place, output: z.object({ built: z.array(z.string()) }), key: 'placeId' } },
});

const build = defineWorkflow({
  name: 'build',
  version: 1,
  input: Place,
  output: z.object({ built: z.array(z.string()) }),
  async run(wf, { placeId, depth, width, sinks, patience, waits }) {
    await wf.call(
      ground.take,
      { placeId, sinks: sinks === placeId },
      { compensate: undo(ground.leave, () => ({ placeId, whole: false })) },
    );
    const built = [placeId];
    if (depth === 0 && waits) await wf.signal('never', { schema: z.object({}) });
    if (depth === 0) return { built };
    const places = Array.from({ length: width }, (_, at) => `${placeId}.${at}`);
    const parts = await Promise.all(
      places.map((place) =>
        wf
          .child(
            builders.build,
            { placeId: place, depth: depth - 1, width, sinks, patience, waits },
            {
              // Of a child that completed, its own code undoes nothing any more.
              compensate: undo(ground.leave, () => ({ placeId: place, whole: true })),
              ...(patience !== 'none' && { timeout: patience }),
            },
          )
          .catch((error) => {
            if (!hasCode(error, 'StepTimeout')) throw error;
            return { built: [] };
          }),
      ),
    );
    return { built: [...built, ...parts.flatMap((part) => part.built)] };
  },
});

/** Ground that is taken. What was left before it was taken can't be taken any more, nor what would be upon it. */
class Land {
  readonly taken = new Set<string>();
  /** Places that were left while something was still upon them. */
  readonly sunk: string[] = [];
  readonly #left = new Set<string>();

  take(place: string): void {
    const left = [...this.#left].some((below) => place === below || place.startsWith(`${below}.`));
    if (left) throw rejected('left', 'it was left before');
    this.taken.add(place);
  }

  leave({ placeId, whole }: z.infer<typeof Left>): void {
    const upon = [...this.taken].filter((place) => place.startsWith(`${placeId}.`));
    if (!whole && upon.length > 0) this.sunk.push(`${placeId} under ${upon}`);
    for (const place of [placeId, ...upon]) this.taken.delete(place);
    this.#left.add(placeId);
  }
}

const handlersOf = (land: Land, outside: Outside) =>
  ({
    take: ({ placeId, sinks }, ctx) => {
      if (sinks) throw rejected('sinks', 'the ground is soft');
      return outside.ask(`to take ${placeId}`, ctx, () => land.take(placeId));
    },
    leave: (left, ctx) => outside.ask(`to leave ${left.placeId}`, ctx, () => land.leave(left)),
  }) satisfies HandlersOf<typeof ground>;

/**
 * A run, its children and theirs: what was built is what the run says, or nothing, whichever part fails or is late, and whenever the
 * run is cancelled; and a place is left only after all that is upon it.
 */
export const children: Workload = { name: 'children', play };

function play(random: Random): Play {
  const land = new Land();
  const depth = random.pick([1, 1, 2, 3]);
  const cancelled = random.chance(0.4);
  const place = {
    placeId: 'p',
    depth,
    width: random.between(1, depth === 1 ? 3 : 2),
    sinks: random.pick(['none', 'none', 'p', 'p.0', 'p.1', 'p.0.0', 'p.1.0', 'p.0.0.1']),
    patience: random.pick<'6s' | 'none'>(['6s', 'none', 'none']),
    waits: cancelled && random.chance(0.5),
  };
  const acts: Play['acts'][number][] = [
    { atMs: 0, act: (client) => client.command('builders', 'build', place) },
  ];
  if (cancelled)
    acts.push({
      atMs: random.below(random.pick([200, 3_000, 60_000])),
      act: (client) => client.cancel('builders', runIdOf('build', 'p')),
    });
  // Somewhere in the middle of the tree: its parent fails with it.
  if (random.chance(0.15))
    acts.push({
      atMs: random.below(10_000),
      act: (client) => client.steer('builders', runIdOf('build', 'p.0'), 'terminate'),
    });
  return {
    agents: [
      {
        contract: builders.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: builders.contract, definitions: [build], clock, ids }),
      },
      {
        contract: ground.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: ground.contract,
            handlers: handlersOf(land, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, land),
  };
}

function* audit({ runs }: EndState, land: Land): Generator<string> {
  for (const place of land.sunk) yield `I8: ${place} was left`;
  const run = runs.find(({ key }) => key === 'p');
  if (!run) {
    yield 'books: nothing was ever built';
    return;
  }
  const { built } =
    run.status === 'completed' ? z.object({ built: z.array(z.string()) }).parse(run.output) : { built: [] };
  const taken = [...land.taken].sort();
  if (taken.join() !== [...built].sort().join())
    yield `I8: the run is ${run.status} and built ${built}; ${taken} is taken`;
}
