import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { each } from '../../../shared/workflow/gathering.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';

const Tender = z.object({
  tenderId: z.string(),
  suppliers: z.array(z.object({ answers: z.boolean() })),
  quorum: z.number().optional(),
  failures: z.number(),
  deadline: z.enum(['15s', '3m', 'none']),
  concurrency: z.number(),
});
type Tender = z.infer<typeof Tender>;
const Result = z.object({
  reason: z.string(),
  taken: z.array(z.number()),
  /** Failures that were tolerated: whether they had their effect is not known. */
  failed: z.array(z.number()),
});
const Offer = z.object({ tenderId: z.string(), at: z.number(), answers: z.boolean() });

const suppliers = defineAgent({
  name: 'suppliers',
  commands: {
    offer: { input: Offer, output: z.object({ at: z.number() }), mode: 'effect' },
    withdraw: { input: z.object({ tenderId: z.string(), at: z.number() }), mode: 'effect' },
  },
});

const buyers = defineAgent({
  name: 'buyers',
  calls: ['suppliers'],
  workflows: { tender: { input: Tender, output: Result, key: 'tenderId' } },
});

const tender = defineWorkflow({
  name: 'tender',
  version: 1,
  input: Tender,
  output: Result,
  async run(wf, { tenderId, suppliers: asked, quorum, failures, deadline, concurrency }) {
    const offers = asked.map(({ answers }, at) => ({ tenderId, at, answers }));
    const compensate = undo(suppliers.withdraw, ({ input }: { input: z.infer<typeof Offer> }) => ({
      tenderId,
      at: input.at,
    }));
    const { reason, outputs, branches } = await wf.gather(each(suppliers.offer, offers, { compensate }), {
      ...(quorum !== undefined && { quorum }),
      ...(deadline !== 'none' && { deadline }),
      tolerate: { failures },
      concurrency,
    });
    await wf.sleep('1s');
    const failed = branches.flatMap(({ status }, at) => (status === 'failed' ? [at] : []));
    return { reason, taken: outputs.map(({ at }) => at), failed };
  },
});

/** Offers that stand, outside. One that was withdrawn before it came is refused. */
class Market {
  readonly standing = new Set<string>();
  readonly #withdrawn = new Set<string>();

  offer(name: string): void {
    if (this.#withdrawn.has(name)) throw rejected('withdrawn', 'it was withdrawn before');
    this.standing.add(name);
  }

  withdraw(name: string): void {
    this.standing.delete(name);
    this.#withdrawn.add(name);
  }
}

const handlersOf = (market: Market, outside: Outside) =>
  ({
    offer: async ({ tenderId, at, answers }, ctx) => {
      if (!answers) throw rejected('no_offer', 'not interested');
      await outside.ask(`for ${tenderId}/${at}`, ctx, () => market.offer(`${tenderId}/${at}`));
      return { at };
    },
    withdraw: ({ tenderId, at }, ctx) =>
      outside.ask(`to withdraw ${tenderId}/${at}`, ctx, () => market.withdraw(`${tenderId}/${at}`)),
  }) satisfies HandlersOf<typeof suppliers>;

/** Scatter-gather with a quorum, failures that are tolerated and a deadline: in the end just the offers stand that were taken. */
export const gather: Workload = { name: 'gather', play };

function play(random: Random): Play {
  const market = new Market();
  const tenders: Tender[] = Array.from({ length: random.between(1, 2) }, (_, at) => {
    const count = random.between(1, 8);
    return {
      tenderId: `tender-${at}`,
      suppliers: Array.from({ length: count }, () => ({ answers: random.chance(0.8) })),
      ...(random.chance(0.5) && { quorum: random.between(1, count) }),
      failures: random.below(count + 1),
      deadline: random.pick(['15s', '3m', 'none']),
      concurrency: random.pick([1, 3, 100]),
    };
  });
  const acts: Play['acts'][number][] = [];
  for (const each of tenders) {
    acts.push({ atMs: random.below(1_000), act: (client) => client.command('buyers', 'tender', each) });
    if (random.chance(0.25))
      acts.push({
        atMs: random.below(random.pick([1_000, 30_000])),
        act: (client) => client.cancel('buyers', runIdOf('tender', each.tenderId)),
      });
  }
  return {
    agents: [
      {
        contract: buyers.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: buyers.contract, definitions: [tender], clock, ids }),
      },
      {
        contract: suppliers.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: suppliers.contract,
            handlers: handlersOf(market, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, market, tenders),
  };
}

function* audit({ runs }: EndState, market: Market, tenders: readonly Tender[]): Generator<string> {
  for (const { tenderId, suppliers: asked, quorum, failures, deadline } of tenders) {
    const run = runs.find(({ key }) => key === tenderId);
    const standing = asked.flatMap((_, at) => (market.standing.has(`${tenderId}/${at}`) ? [at] : []));
    if (!run) {
      yield `books: there is no run of ${tenderId}`;
      continue;
    }
    const { reason, taken, failed } =
      run.status === 'completed' ? Result.parse(run.output) : { reason: '', taken: [], failed: [] };
    if (standing.filter((at) => !failed.includes(at)).join() !== taken.join())
      yield `I10: ${tenderId} is ${run.status} (${reason}) and took ${taken}; ${standing} stand`;
    if (run.status === 'completed') {
      if (reason === 'quorum' && taken.length < (quorum ?? Number.POSITIVE_INFINITY))
        yield `books: ${tenderId} has ${taken.length} offers of a quorum of ${quorum}`;
      if (reason === 'all' && taken.length < asked.length - failures) yield `books: ${tenderId} lacks offers`;
      if (reason === 'deadline' && (deadline === 'none' || quorum !== undefined))
        yield `books: ${tenderId} ended by a deadline`;
    } else if (run.status === 'failed' && !(run.failure?.code === 'GatherFailed'))
      yield `books: ${tenderId} failed: ${run.failure?.message}`;
  }
}
