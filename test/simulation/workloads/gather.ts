import * as z from 'zod';
import type { Clock } from '../../../shared/contract/clock.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { each } from '../../../shared/workflow/gathering.ts';
import { entriesOf, pagePaths } from '../../../shared/workflow/run-history.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { gatherEnd } from './gather-oracle.ts';

const Tender = z.object({
  tenderId: z.string(),
  /** `slow`: answers after some time, which may be longer than the branch waits. */
  suppliers: z.array(z.object({ answers: z.boolean(), slow: z.boolean() })),
  quorum: z.number().optional(),
  failures: z.number(),
  deadline: z.enum(['15s', '3m', 'none']),
  /** Of each branch. */
  timeout: z.enum(['4s', '12s', 'none']),
  late: z.enum(['ignore', 'record', 'compensate']),
  concurrency: z.number(),
});
type Tender = z.infer<typeof Tender>;
const Result = z.object({
  reason: z.string(),
  taken: z.array(z.number()),
  /** What each branch came to. */
  branches: z.array(z.string()),
});
const Offer = z.object({ tenderId: z.string(), at: z.number(), answers: z.boolean(), slow: z.boolean() });

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
  async run(wf, { tenderId, suppliers: asked, quorum, failures, deadline, timeout, late, concurrency }) {
    const offers = asked.map((supplier, at) => ({ tenderId, at, ...supplier }));
    const compensate = undo(suppliers.withdraw, ({ input }: { input: z.infer<typeof Offer> }) => ({
      tenderId,
      at: input.at,
    }));
    const options = { compensate, ...(timeout !== 'none' && { timeout }) };
    const { reason, outputs, branches } = await wf.gather(each(suppliers.offer, offers, options), {
      lateReplies: late,
      ...(quorum !== undefined && { quorum }),
      ...(deadline !== 'none' && { deadline }),
      tolerate: { failures },
      concurrency,
    });
    await wf.sleep('1s');
    return { reason, taken: outputs.map(({ at }) => at), branches: branches.map(({ status }) => status) };
  },
});

/** Offers that stand, outside. One that was withdrawn before it came is refused. */
class Market {
  readonly standing = new Set<string>();
  /** Withdrawals of offers that stood. */
  readonly undone: string[] = [];
  readonly #withdrawn = new Set<string>();

  offer(name: string): void {
    if (this.#withdrawn.has(name)) throw rejected('withdrawn', 'it was withdrawn before');
    this.standing.add(name);
  }

  withdraw(name: string): void {
    if (this.standing.delete(name)) this.undone.push(name);
    this.#withdrawn.add(name);
  }
}

const SLOW_MS = 6_000;

const handlersOf = (market: Market, outside: Outside, clock: Clock) =>
  ({
    offer: async ({ tenderId, at, answers, slow }, ctx) => {
      if (slow) await new Promise<void>((resolve) => clock.after(SLOW_MS, resolve));
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
      suppliers: Array.from({ length: count }, () => ({
        answers: random.chance(0.8),
        slow: random.chance(0.3),
      })),
      ...(random.chance(0.5) && { quorum: random.between(1, count) }),
      failures: random.below(count + 1),
      deadline: random.pick(['15s', '3m', 'none']),
      timeout: random.pick(['4s', '12s', 'none', 'none']),
      late: random.pick(['compensate', 'compensate', 'record', 'ignore']),
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
            handlers: handlersOf(market, outside, clock),
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

const MS = { none: undefined, '4s': 4_000, '12s': 12_000, '15s': 15_000, '3m': 180_000 } as const;

function* audit(
  { runs, documents }: EndState,
  market: Market,
  tenders: readonly Tender[],
): Generator<string> {
  for (const { tenderId, suppliers: asked, late, deadline, timeout, ...rule } of tenders) {
    const run = runs.find(({ key }) => key === tenderId);
    const ofTender = (names: Iterable<string>) =>
      [...names].filter((name) => name.startsWith(`${tenderId}/`));
    const standing = asked.flatMap((_, at) => (market.standing.has(`${tenderId}/${at}`) ? [at] : []));
    if (!run) {
      yield `books: there is no run of ${tenderId}`;
      continue;
    }
    const pages = pagePaths(run).map((path) => documents.get(path));
    const right = gatherEnd(entriesOf(run, pages), {
      ...rule,
      branches: asked.length,
      deadlineMs: MS[deadline],
      timeoutMs: MS[timeout],
    });
    if (run.status === 'completed') {
      const { reason, taken, branches } = Result.parse(run.output);
      const done = right?.branches.flatMap((end, at) => (end === 'done' ? [at] : [])) ?? [];
      if (!right?.ok || reason !== right.reason || branches.join() !== right.branches.join())
        yield `books: ${tenderId} came to ${reason}: ${branches}; right is ${right?.reason}: ${right?.branches}`;
      if (taken.join() !== done.join()) yield `books: ${tenderId} took ${taken} of ${done}`;
      // What came late is undone, or left alone, as the policy says.
      const undone = ofTender(market.undone);
      if (late === 'compensate' && standing.join() !== taken.join())
        yield `I10: ${tenderId} took ${taken}, and ${standing} stand`;
      if (late !== 'compensate' && undone.length > 0)
        yield `I10: ${tenderId} undid ${undone}, and was to ${late} it`;
      if (taken.some((at) => !standing.includes(at)))
        yield `I8: ${tenderId} took ${taken}, and ${standing} stand`;
      continue;
    }
    if (standing.length > 0) yield `I8: ${tenderId} is ${run.status}, and ${standing} stand`;
    if (run.status === 'cancelled') continue;
    const { code, reason } = run.failure ?? {};
    if (code !== 'GatherFailed' || right?.ok !== false || reason !== right.reason)
      yield `books: ${tenderId} is ${run.status}: ${code} ${reason}; right is ${right?.reason}`;
  }
}
