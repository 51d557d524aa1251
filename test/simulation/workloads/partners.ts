import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { SimulatedAgent } from '../world/instance.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';

const Deal = z.object({ dealId: z.string(), depth: z.number(), breaks: z.number() });
const Signed = z.object({ signed: z.array(z.string()) });
const commands = {
  sign: { input: z.object({ paper: z.string(), breaks: z.boolean() }), mode: 'effect' },
  tear: { input: z.object({ papers: z.array(z.string()) }), mode: 'effect' },
} as const;

const east = defineAgent({
  name: 'east',
  calls: ['west'],
  commands,
  workflows: { deal: { input: Deal, output: Signed, key: 'dealId' } },
});
const west = defineAgent({
  name: 'west',
  calls: ['east'],
  commands,
  // Of another name: the id of a run is made of its workflow's name and its key.
  workflows: { bargain: { input: Deal, output: Signed, key: 'dealId' } },
});

/** What a child and those below it sign, the last first. */
function papersBelow(dealId: string, depth: number, begins: 'deal' | 'bargain'): string[] {
  if (depth === 0) return [];
  const id = begins === 'deal' ? `${dealId}'` : dealId;
  return [...papersBelow(id, depth - 1, begins === 'deal' ? 'bargain' : 'deal'), `${id}/${depth - 1}`];
}

/** Signs a paper with the other party, and begins what follows there; what follows from that begins here again. */
const deal = defineWorkflow({
  name: 'deal',
  version: 1,
  input: Deal,
  output: Signed,
  async run(wf, { dealId, depth, breaks }) {
    const paper = `${dealId}/${depth}`;
    const terms = { compensate: undo(west.tear, () => ({ papers: [paper] })) };
    await wf.call(west.sign, { paper, breaks: depth === breaks }, terms);
    if (depth === 0) return { signed: [paper] };
    // Of a child that completed, its own code undoes nothing any more.
    const papers = papersBelow(dealId, depth, 'bargain');
    const whole = { compensate: undo(west.tear, () => ({ papers })) };
    const { signed } = await wf.child(west.bargain, { dealId, depth: depth - 1, breaks }, whole);
    return { signed: [paper, ...signed] };
  },
});

const bargain = defineWorkflow({
  name: 'bargain',
  version: 1,
  input: Deal,
  output: Signed,
  async run(wf, { dealId, depth, breaks }) {
    const paper = `${dealId}/${depth}`;
    const terms = { compensate: undo(east.tear, () => ({ papers: [paper] })) };
    await wf.call(east.sign, { paper, breaks: depth === breaks }, terms);
    if (depth === 0) return { signed: [paper] };
    // A deal of this name is under way already, and waits for this.
    const papers = papersBelow(dealId, depth, 'deal');
    const whole = { compensate: undo(east.tear, () => ({ papers })) };
    const next = { dealId: `${dealId}'`, depth: depth - 1, breaks };
    const { signed } = await wf.child(east.deal, next, whole);
    return { signed: [paper, ...signed] };
  },
});

/** Papers that are signed, by whomever. One that was torn before it was signed can't be signed any more. */
class Archive {
  readonly signed = new Set<string>();
  readonly torn: string[] = [];
  readonly #gone = new Set<string>();

  sign(paper: string): void {
    if (this.#gone.has(paper)) throw rejected('torn', 'it was torn before');
    this.signed.add(paper);
  }

  tear(paper: string): void {
    if (this.signed.delete(paper)) this.torn.push(paper);
    this.#gone.add(paper);
  }
}

const handlersOf = (archive: Archive, outside: Outside) =>
  ({
    sign: ({ paper, breaks }, ctx) => {
      if (breaks) throw rejected('breaks', 'the other party walks away');
      return outside.ask(`to sign ${paper}`, ctx, () => archive.sign(paper));
    },
    tear: ({ papers }, ctx) =>
      outside.ask(`to tear ${papers}`, ctx, () => {
        for (const paper of papers) archive.tear(paper);
      }),
  }) satisfies HandlersOf<typeof east>;

/** Two agents whose workflows call each other's commands and start each other's workflows: every paper of a deal is signed, or none. */
export const partners: Workload = { name: 'partners', play };

function play(random: Random): Play {
  const archive = new Archive();
  const depth = random.between(0, 4);
  const wanted = { dealId: 'd', depth, breaks: random.pick([-1, -1, random.between(0, depth)]) };
  const acts: Play['acts'][number][] = [
    { atMs: random.below(500), act: (client) => client.command('east', 'deal', wanted) },
  ];
  if (random.chance(0.35)) {
    const [agent, runId] = random.pick([
      ['east', runIdOf('deal', 'd')],
      ['west', runIdOf('bargain', 'd')],
      ['east', runIdOf('deal', "d'")],
    ]);
    acts.push({
      atMs: random.below(random.pick([500, 4_000, 60_000])),
      act: (client) => client.cancel(agent ?? '', runId ?? ''),
    });
  }
  const agents: SimulatedAgent[] = [
    {
      contract: east.contract,
      routes: ({ ports: { clock, ids, secrets }, outside }) =>
        new Map([
          ...handlerRoutes({
            contract: east.contract,
            handlers: handlersOf(archive, outside),
            clock,
            secrets,
            env: {},
          }),
          ...workflowRoutes({ contract: east.contract, definitions: [deal], clock, ids }),
        ]),
    },
    {
      contract: west.contract,
      routes: ({ ports: { clock, ids, secrets }, outside }) =>
        new Map([
          ...handlerRoutes({
            contract: west.contract,
            handlers: handlersOf(archive, outside),
            clock,
            secrets,
            env: {},
          }),
          ...workflowRoutes({ contract: west.contract, definitions: [bargain], clock, ids }),
        ]),
    },
  ];
  return { agents, acts, audit: (end) => audit(end, archive, wanted.breaks) };
}

function* audit({ runs }: EndState, archive: Archive, breaks: number): Generator<string> {
  const top = runs.find(({ runId }) => runId === runIdOf('deal', 'd'));
  if (!top) {
    yield 'books: there is no deal';
    return;
  }
  if (top.status === 'completed' && breaks >= 0) yield `books: the deal was to break at ${breaks}`;
  const { signed } = top.status === 'completed' ? Signed.parse(top.output) : { signed: [] };
  if ([...archive.signed].sort().join() !== [...signed].sort().join())
    yield `I8: the deal is ${top.status} with ${signed}; ${[...archive.signed]} is signed`;
  for (const { runId, status } of runs)
    if (top.status === 'completed' && status !== 'completed')
      yield `books: the deal completed, and ${runId} is ${status}`;
  // What was begun last is undone first, over both agents.
  const depths = archive.torn.map((paper) => Number(paper.slice(paper.indexOf('/') + 1)));
  if (depths.join() !== [...depths].sort((a, b) => a - b).join())
    yield `I8: torn in the order ${archive.torn}`;
}
