import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { hasCode, rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import type { Entry } from '../../../shared/workflow/entry.ts';
import { entriesOf, pagePaths } from '../../../shared/workflow/run-history.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

const HOWS = ['race', 'lost wait', 'scope', 'loop'] as const;
const Hunt = z.object({ huntId: z.string(), how: z.enum(HOWS), patience: z.enum(['3s', '30s']) });
type Hunt = z.infer<typeof Hunt>;
const Bag = z.object({ first: z.string(), second: z.string() });
const Spot = z.object({ huntId: z.string(), spot: z.string() });
const Word = z.object({ word: z.string() });

const field = defineAgent({
  name: 'field',
  commands: { take: { input: Spot, mode: 'effect' }, leave: { input: Spot, mode: 'effect' } },
});

const hunters = defineAgent({
  name: 'hunters',
  calls: ['field'],
  workflows: { hunt: { input: Hunt, output: Bag, key: 'huntId' } },
});

const hunt = defineWorkflow({
  name: 'hunt',
  version: 1,
  input: Hunt,
  output: Bag,
  async run(wf, { huntId, how, patience }) {
    const take = async (spot: string) => {
      await wf.call(field.take, { huntId, spot }, { compensate: undo(field.leave, ({ input }) => input) });
      return spot;
    };
    const word = async (timeout: '20s' | '30d') => (await wf.signal('go', { schema: Word, timeout })).word;
    const late = async () => {
      await wf.sleep(patience);
      return 'late';
    };
    const second = () =>
      word('20s').catch((error) => {
        if (!hasCode(error, 'SignalTimeout')) throw error;
        return 'none';
      });
    switch (how) {
      case 'race': {
        const first = await wf.race([() => take('a'), () => take('b'), () => word('30d'), late]);
        return { first, second: await second() };
      }
      case 'lost wait': {
        const first = await Promise.race([word('30d'), late()]);
        return { first, second: await second() };
      }
      case 'scope': {
        const scoped = async () => {
          await take('a');
          return word('30d');
        };
        const first = await wf.scope(scoped, { timeout: patience }).catch((error) => {
          if (!hasCode(error, 'StepTimeout')) throw error;
          return 'late';
        });
        return { first, second: await second() };
      }
      case 'loop':
        await take('a');
        for (;;) {
          try {
            await wf.sleep('3d');
          } catch {
            wf.log.info('looks again');
          }
        }
    }
  },
});

/** Spots that are taken. One that was left before it was taken can't be taken any more. */
class Field {
  readonly taken = new Set<string>();
  readonly #left = new Set<string>();

  take(spot: string): void {
    if (this.#left.has(spot)) throw rejected('left', 'it was left before');
    this.taken.add(spot);
  }

  leave(spot: string): void {
    this.taken.delete(spot);
    this.#left.add(spot);
  }
}

const handlersOf = (ground: Field, outside: Outside) =>
  ({
    take: ({ huntId, spot }, ctx) =>
      outside.ask(`to take ${huntId}/${spot}`, ctx, () => ground.take(`${huntId}/${spot}`)),
    leave: ({ huntId, spot }, ctx) =>
      outside.ask(`to leave ${huntId}/${spot}`, ctx, () => ground.leave(`${huntId}/${spot}`)),
  }) satisfies HandlersOf<typeof field>;

/** Races, scopes and loops: what lost leaves nothing behind, no signal is taken by a wait that lost, and no loop goes on after its end. */
export const races: Workload = { name: 'races', play };

function play(random: Random): Play {
  const ground = new Field();
  const wanted: Hunt[] = Array.from({ length: random.between(1, 2) }, (_, at) => ({
    huntId: `hunt-${at}`,
    how: random.pick(HOWS),
    patience: random.pick(['3s', '30s']),
  }));
  const acts: Play['acts'][number][] = [];
  const cancelled = new Set<string>();
  for (const each of wanted) {
    const { huntId, how } = each;
    const runId = runIdOf('hunt', huntId);
    acts.push({ atMs: random.below(500), act: (client) => client.command('hunters', 'hunt', each) });
    for (let at = random.below(4); at > 0; at--)
      acts.push({
        atMs: random.below(random.pick([2_000, 40_000])),
        act: (client) => client.signal('hunters', runId, 'go', { word: `word-${at}` }),
      });
    // Nothing else ends a loop.
    if (how !== 'loop' && !random.chance(0.2)) continue;
    cancelled.add(huntId);
    const atMs = 1_000 + random.below(random.pick([2_000, 60_000]));
    acts.push({ atMs, act: (client) => client.cancel('hunters', runId) });
  }
  return {
    agents: [
      {
        contract: hunters.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: hunters.contract, definitions: [hunt], clock, ids }),
      },
      {
        contract: field.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: field.contract,
            handlers: handlersOf(ground, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, ground, wanted, cancelled),
  };
}

function* audit(
  { runs, documents }: EndState,
  ground: Field,
  wanted: readonly Hunt[],
  cancelled: ReadonlySet<string>,
): Generator<string> {
  for (const { huntId, how } of wanted) {
    const run = runs.find(({ key }) => key === huntId);
    if (!run) {
      yield `books: there is no run of ${huntId}`;
      continue;
    }
    const taken = ['a', 'b'].filter((spot) => ground.taken.has(`${huntId}/${spot}`));
    if (run.status !== 'completed') {
      if (taken.length > 0) yield `I8: ${huntId} is ${run.status}, and ${taken} is taken`;
      if (run.status === 'cancelled' ? !cancelled.has(huntId) : !unlucky(run))
        yield `books: ${huntId} (${how}) is ${run.status}: ${run.failure?.message}`;
      continue;
    }
    const { first, second } = Bag.parse(run.output);
    const pages = pagePaths(run).map((path) => documents.get(path));
    const right = rightBag(entriesOf(run, pages), how);
    if (first !== right.first || second !== right.second)
      yield `books: ${huntId} (${how}) got ${first}, ${second}; right is ${right.first}, ${right.second}`;
    const kept = how === 'scope' ? (first === 'late' ? [] : ['a']) : taken.filter((spot) => spot === first);
    if (taken.join() !== kept.join() || (first.length === 1 && !taken.includes(first)))
      yield `I10: ${huntId} (${how}) got ${first}, and ${taken} is taken`;
  }
}

/** What the run is to get, by the order in which it heard of answers, timers and signals, and by the words of the documentation. */
function rightBag(entries: readonly Entry[], how: Hunt['how']): z.infer<typeof Bag> {
  let first: string | undefined;
  let second: string | undefined;
  /** Signals that nobody has taken yet. */
  const words: string[] = [];
  let scoped = how !== 'scope';
  let waits = false;
  const next = () => {
    // Those that came before somebody asked are taken in their order.
    if (first === undefined && waits && scoped) first = words.shift();
    if (first !== undefined && second === undefined) second = words.shift();
  };
  const sleeps = new Set<string>();
  const calls = new Map<string, string>();
  for (const entry of entries) {
    if (entry.e === 'step' && entry.op === 'call') calls.set(entry.id, Spot.parse(entry.input).spot);
    if (entry.e === 'step' && entry.op === 'signal') waits = true;
    if (entry.e === 'step' && entry.op === 'sleep') sleeps.add(entry.id);
    if (entry.e === 'signalled') words.push(Word.parse(entry.payload).word);
    if (entry.e === 'replied' && entry.reply.ok && calls.has(entry.step)) {
      if (how === 'race') first ??= calls.get(entry.step);
      scoped = true;
    }
    if (entry.e === 'fired' && sleeps.has(entry.step)) first ??= 'late';
    else if (entry.e === 'fired' && first !== undefined) second ??= 'none';
    next();
  }
  return { first: first ?? '', second: second ?? '' };
}
