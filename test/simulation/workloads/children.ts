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

const Place = z.object({ placeId: z.string(), depth: z.number(), width: z.number(), sinks: z.string() });
const Ground = z.object({ placeId: z.string(), sinks: z.boolean() });

const ground = defineAgent({
  name: 'ground',
  commands: {
    take: { input: Ground, mode: 'effect' },
    leave: { input: z.object({ placeId: z.string() }), mode: 'effect' },
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
  async run(wf, { placeId, depth, width, sinks }) {
    await wf.call(
      ground.take,
      { placeId, sinks: sinks === placeId },
      { compensate: undo(ground.leave, () => ({ placeId })) },
    );
    const built = [placeId];
    if (depth === 0) return { built };
    const places = Array.from({ length: width }, (_, at) => `${placeId}.${at}`);
    const parts = await Promise.all(
      places.map((place) =>
        wf.child(
          builders.build,
          { placeId: place, depth: depth - 1, width, sinks },
          // Of a child that completed, its own code undoes nothing any more.
          { compensate: undo(ground.leave, () => ({ placeId: place })) },
        ),
      ),
    );
    return { built: [...built, ...parts.flatMap((part) => part.built)] };
  },
});

/** Ground that is taken. What was left before it was taken can't be taken any more. */
class Land {
  readonly taken = new Set<string>();
  readonly #left = new Set<string>();

  take(place: string): void {
    if (this.#left.has(place)) throw rejected('left', 'it was left before');
    this.taken.add(place);
  }

  leave(place: string): void {
    this.taken.delete(place);
    this.#left.add(place);
  }
}

const handlersOf = (land: Land, outside: Outside) =>
  ({
    take: ({ placeId, sinks }, ctx) => {
      if (sinks) throw rejected('sinks', 'the ground is soft');
      return outside.ask(`to take ${placeId}`, ctx, () => land.take(placeId));
    },
    leave: ({ placeId }, ctx) => outside.ask(`to leave ${placeId}`, ctx, () => land.leave(placeId)),
  }) satisfies HandlersOf<typeof ground>;

/** A run and its children: all of it is built, or nothing, whichever part fails, and whenever the run is cancelled. */
export const children: Workload = { name: 'children', play };

function play(random: Random): Play {
  const land = new Land();
  const place = {
    placeId: 'p',
    // A child that completed is undone by one command of its parent's, which reaches one place: so only leaves complete below a parent.
    depth: 1,
    width: random.between(1, 3),
    sinks: random.pick(['none', 'none', 'p', 'p.0', 'p.1']),
  };
  const acts: Play['acts'][number][] = [
    { atMs: 0, act: (client) => client.command('builders', 'build', place) },
  ];
  if (random.chance(0.4))
    acts.push({
      atMs: random.below(random.pick([200, 3_000, 60_000])),
      act: (client) => client.cancel('builders', runIdOf('build', 'p')),
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
