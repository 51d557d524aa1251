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
import type { EndState, Play, Steering, Workload } from '../world/workload.ts';

const Cargo = z.object({ cargoId: z.string(), boxes: z.number(), heavy: z.number(), patience: z.string() });
type Cargo = z.infer<typeof Cargo>;
const Box = z.object({ cargoId: z.string(), box: z.number(), heavy: z.boolean() });
const Loaded = z.object({ loaded: z.number() });

const docks = defineAgent({
  name: 'docks',
  commands: {
    load: { input: Box, mode: 'effect' },
    unload: { input: z.object({ cargoId: z.string(), box: z.number() }), mode: 'effect' },
  },
});

const ships = defineAgent({
  name: 'ships',
  calls: ['docks'],
  workflows: { sail: { input: Cargo, output: Loaded, key: 'cargoId' } },
});

const sail = defineWorkflow({
  name: 'sail',
  version: 1,
  input: Cargo,
  output: Loaded,
  async run(wf, { cargoId, boxes, heavy, patience }) {
    for (let box = 0; box < boxes; box++) {
      await wf.call(
        docks.load,
        { cargoId, box, heavy: box === heavy },
        { compensate: undo(docks.unload, ({ input }) => ({ cargoId, box: input.box })) },
      );
      await wf.sleep('4s');
    }
    await wf
      .signal('cast-off', { schema: z.object({}), timeout: patience === '20s' ? '20s' : '10m' })
      .catch(() => {});
    return { loaded: boxes };
  },
});

/** Boxes on board. What was unloaded before it was loaded can't be loaded any more. */
class Hold {
  readonly boxes = new Set<string>();
  readonly unloaded: string[] = [];
  readonly #gone = new Set<string>();

  load(box: string): void {
    if (this.#gone.has(box)) throw rejected('gone', 'it was unloaded before');
    this.boxes.add(box);
  }

  unload(box: string): void {
    if (this.boxes.delete(box)) this.unloaded.push(box);
    this.#gone.add(box);
  }
}

const handlersOf = (hold: Hold, outside: Outside) =>
  ({
    load: ({ cargoId, box, heavy }, ctx) => {
      if (heavy) throw rejected('heavy', 'it is too heavy');
      return outside.ask(`to load ${cargoId}/${box}`, ctx, () => hold.load(`${cargoId}/${box}`));
    },
    unload: ({ cargoId, box }, ctx) =>
      outside.ask(`to unload ${cargoId}/${box}`, ctx, () => hold.unload(`${cargoId}/${box}`)),
  }) satisfies HandlersOf<typeof docks>;

/** What operators did to a run. */
type Steered = ReadonlySet<Steering | 'cancel'>;

/** Runs that are paused, resumed, cancelled and terminated at any time: what a run ends with is what it was told. */
export const steering: Workload = { name: 'steering', play };

function play(random: Random): Play {
  const hold = new Hold();
  const wanted: Cargo[] = Array.from({ length: random.between(1, 2) }, (_, at) => ({
    cargoId: `cargo-${at}`,
    boxes: random.between(1, 3),
    heavy: random.pick([-1, -1, 1, 2]),
    patience: random.pick(['20s', '10m']),
  }));
  const acts: Play['acts'][number][] = [];
  const steered = new Map<string, Set<Steering | 'cancel'>>();
  for (const cargo of wanted) {
    const { cargoId } = cargo;
    const runId = runIdOf('sail', cargoId);
    const done = new Set<Steering | 'cancel'>();
    steered.set(cargoId, done);
    acts.push({ atMs: random.below(500), act: (client) => client.command('ships', 'sail', cargo) });
    const within = random.pick([3_000, 20_000, 90_000]);
    for (let times = random.below(6); times > 0; times--) {
      const how = random.pick<Steering | 'cancel'>([
        'pause',
        'pause',
        'pause-all',
        'resume',
        'resume',
        'cancel',
        'terminate',
        'drop',
      ]);
      done.add(how);
      acts.push({
        atMs: random.below(within),
        act: (client) =>
          how === 'cancel' ? client.cancel('ships', runId) : client.steer('ships', runId, how),
      });
    }
    if (random.chance(0.5))
      acts.push({
        atMs: random.below(within),
        act: (client) => client.signal('ships', runId, 'cast-off', {}),
      });
  }
  return {
    agents: [
      {
        contract: ships.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: ships.contract, definitions: [sail], clock, ids }),
      },
      {
        contract: docks.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: docks.contract,
            handlers: handlersOf(hold, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, hold, wanted, steered),
  };
}

function* audit(
  { runs }: EndState,
  hold: Hold,
  wanted: readonly Cargo[],
  steered: ReadonlyMap<string, Steered>,
): Generator<string> {
  for (const { cargoId, boxes, heavy } of wanted) {
    const run = runs.find(({ key }) => key === cargoId);
    if (!run) {
      yield `books: there is no run of ${cargoId}`;
      continue;
    }
    const { status } = run;
    const told = steered.get(cargoId) ?? new Set();
    const numbers = Array.from({ length: boxes }, (_, box) => box);
    const loaded = numbers.filter((box) => hold.boxes.has(`${cargoId}/${box}`));
    const back = hold.unloaded
      .filter((box) => box.startsWith(`${cargoId}/`))
      .map((box) => Number(box.split('/')[1]));
    if (status === 'completed') {
      if (loaded.length < boxes || back.length > 0)
        yield `books: ${cargoId} sailed with ${loaded}; ${back} went back`;
      if (heavy >= 0 && heavy < boxes) yield `books: ${cargoId} sailed with box ${heavy}, which is too heavy`;
      continue;
    }
    if (status === 'cancelled' && !told.has('cancel')) yield `books: nobody cancelled ${cargoId}`;
    if (status === 'terminated' && !told.has('terminate') && !told.has('drop'))
      yield `books: nobody terminated ${cargoId}`;
    if (status === 'compensation_failed') yield `I8: the undo of ${cargoId} was given up on`;
    // Left as it was when that came; the history says that nothing was undone after it.
    if (status === 'terminated' && told.has('drop')) continue;
    if (loaded.length > 0) yield `I8: ${cargoId} is ${status}, and ${loaded} is on board`;
    if (back.join() !== [...back].sort((a, b) => b - a).join())
      yield `I8: ${cargoId} was undone in the order ${back}`;
  }
}
