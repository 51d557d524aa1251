import * as z from 'zod';
import { MeshAccess } from '../../../shared/client/mesh-access.ts';
import { MeshClient } from '../../../shared/client/mesh-client.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { MeshError, rejected } from '../../../shared/contract/errors.ts';
import { digest, inputDigest, messageKey } from '../../../shared/contract/keys.ts';
import { inboxPath } from '../../../shared/contract/names.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { answerIn } from '../../../shared/kernel/index.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import type { RunRecord } from '../../../shared/workflow/run-record.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';

const Tour = z.object({ id: z.string(), stops: z.number(), again: z.number().default(0) });

const till = defineAgent({
  name: 'till',
  commands: {
    add: { input: z.object({ amount: z.number() }), output: z.object({ total: z.number() }) },
    pay: { input: z.object({ amount: z.number() }), output: z.object({ paid: z.number() }), mode: 'effect' },
    stop: { input: z.object({ id: z.string() }) },
  },
  state: { schema: z.object({ total: z.number() }) },
  limits: { timeout: '10s' },
});

const tours = defineAgent({
  name: 'tours',
  calls: ['till'],
  workflows: {
    tour: {
      input: Tour,
      output: z.object({ id: z.string(), stops: z.number() }),
      key: 'id',
      attributes: { name: { type: 'keyword', from: 'id' }, stop: 'number', round: 'number' },
      queries: { stop: { output: z.object({ stop: z.number(), round: z.number() }) } },
    },
  },
});

const tour = defineWorkflow({
  name: 'tour',
  version: 1,
  input: Tour,
  output: z.object({ id: z.string(), stops: z.number() }),
  attributes: tours.tour.attributes,
  queries: tours.tour.queries,
  async run(wf, { id, stops, again }) {
    let stop = 0;
    wf.onQuery('stop', () => ({ stop, round: again }));
    wf.setAttributes({ stop, round: again });
    for (; stop < stops; ) {
      // One whose deliveries are exhausted holds up no tour.
      await wf.call(till.stop, { id }).catch(() => {});
      stop += 1;
      wf.setAttributes({ stop });
      await wf.sleep('2s');
    }
    if (again > 0) return wf.continueAsNew({ id, stops, again: again - 1 });
    return { id, stops };
  },
});

/** Through an outage of hours a program does not go on sending: each time is one more copy of its message. */
const MOST_SENDS = 20;
const MAIN = 'main';
const UNLUCKY = 13;

const handlersOf = (paid: Map<string, number>, outside: Outside) =>
  ({
    add: {
      keys: () => [MAIN],
      handle: ({ amount }, ctx) => {
        if (amount === UNLUCKY) throw rejected('unlucky', 'nobody adds that');
        const total = (ctx.state.get(MAIN)?.total ?? 0) + amount;
        ctx.state.set(MAIN, { total });
        return { total };
      },
    },
    pay: async ({ amount }, ctx) => {
      if (amount === UNLUCKY) throw rejected('unlucky', 'nobody pays that');
      await outside.ask(`to pay ${amount}`, ctx, () => void paid.set(ctx.idempotencyKey, amount));
      return { paid: amount };
    },
    stop: () => undefined,
  }) satisfies HandlersOf<typeof till>;

interface Asked {
  readonly name: 'add' | 'pay';
  readonly amount: number;
  readonly key: string;
}

/** What programs learned, by what they asked. */
type Learned = Map<string, Set<string>>;

/** Programs outside of the mesh: each answer and each result that one gets is the one that there is, however often it asks and dies. */
export const programs: Workload = { name: 'programs', play };

function play(random: Random): Play {
  const paid = new Map<string, number>();
  const learned: Learned = new Map();
  const learns = (of: string, what: string) => learned.set(of, (learned.get(of) ?? new Set()).add(what));
  const acts: Play['acts'][number][] = [];
  const commands: Asked[] = Array.from({ length: random.between(2, 5) }, (_, at) => ({
    name: random.pick(['add', 'pay']),
    amount: random.chance(0.2) ? UNLUCKY : 2 ** (at + 5),
    key: `key-${at}`,
  }));
  const wait = { timeout: '40s' } as const;
  for (const asked of commands)
    for (let times = random.between(1, 2); times > 0; times--)
      acts.push({
        atMs: random.below(random.pick([50, 20_000])),
        act: (client) => {
          let sends = 0;
          client.run(async (ports) => {
            if (sends > MOST_SENDS) return;
            const [client, input, once] = [
              meshOf(ports),
              { amount: asked.amount },
              { idempotencyKey: asked.key },
            ];
            const sent = await (asked.name === 'add'
              ? client.send(till.add, input, once)
              : client.send(till.pay, input, once));
            sends += 1;
            await learning(sent.answer(wait), (what) => learns(asked.key, what));
          });
        },
      });
  const starts = Array.from({ length: random.between(1, 3) }, (_, at) => ({
    id: random.pick(['tour-a', 'tour-b']),
    stops: random.between(1, 3),
    again: random.pick([0, 0, 2]),
    as: `start-${at}`,
  }));
  for (const { as, ...input } of starts)
    for (let times = random.between(1, 2); times > 0; times--)
      acts.push({
        atMs: random.below(random.pick([50, 10_000])),
        act: (client) =>
          client.run((ports) => {
            const result = async () => (await meshOf(ports).start(tours.tour, input)).result(wait);
            return learning(result(), (what) => learns(as, what));
          }),
      });
  return {
    agents: [
      {
        contract: tours.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: tours.contract, definitions: [tour], clock, ids }),
      },
      {
        contract: till.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: till.contract,
            handlers: handlersOf(paid, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    *audit(end) {
      yield* auditCommands(end, commands, paid, learned);
      for (const run of end.runs) yield* auditRun(run);
      for (const { as, ...input } of starts) yield* auditStart(end, input, learned.get(as) ?? new Set());
    },
  };
}

const meshOf = (ports: Ports) => new MeshClient(new MeshAccess(ports, 'mesh', '/program'));

/** Notes what comes of it: an output, or a code. What may pass is tried again by whoever runs the program. */
async function learning(outcome: Promise<unknown>, learns: (what: string) => void): Promise<void> {
  try {
    learns(JSON.stringify(await outcome));
  } catch (error) {
    if (!(error instanceof MeshError) || error.retry) throw error;
    learns(error.code);
  }
}

function* auditCommands(
  { documents, deadLetters }: EndState,
  commands: readonly Asked[],
  paid: ReadonlyMap<string, number>,
  learned: Learned,
): Generator<string> {
  const totals: { readonly amount: number; readonly total: number }[] = [];
  for (const { name, amount, key } of commands) {
    const id = digest('idempotency', 'command', `till.${name}`, key);
    const record = documents.get(inboxPath('till', messageKey({ source: '/program', id })));
    const answer = record && answerIn(record);
    if (!answer) {
      yield `I4: the command ${key} has no answer`;
      continue;
    }
    const { reply } = answer;
    const told = reply.ok ? JSON.stringify(reply.output) : reply.error.code;
    const right = amount === UNLUCKY ? !reply.ok && reply.error.reason === 'unlucky' : reply.ok === true;
    if (!right) yield `books: the command ${key} of ${amount} was answered ${told}`;
    if (name === 'add' && reply.ok) {
      const total = Number((reply.output as { readonly total?: number }).total);
      totals.push({ amount, total });
    }
    for (const what of learned.get(key) ?? []) {
      // What died, and was redriven after a program had looked, is answered in the end.
      const died = deadLetters.has(id) && !what.startsWith('{') && what !== 'Rejected';
      if (what !== told && what !== 'Timeout' && !died)
        yield `books: a program learned ${what} of ${key}, which was answered ${told}`;
    }
  }
  let before = 0;
  for (const { amount, total } of totals.sort((a, b) => a.total - b.total)) {
    if (total !== before + amount) yield `I2: ${amount} was added to ${before}, and the answer is ${total}`;
    before = total;
  }
  const { total = 0 } = documents.get(`agents/till/state/${MAIN}`)?.fields ?? {};
  if (total !== before) yield `I2: the total is ${total}, and the last answer ${before}`;
  const sum = (amounts: Iterable<number>) => [...amounts].reduce((all, amount) => all + amount, 0);
  const asked = commands.filter(({ name, amount }) => name === 'pay' && amount !== UNLUCKY);
  const wanted = sum(asked.map(({ amount }) => amount));
  if (sum(paid.values()) !== wanted) yield `I2: ${sum(paid.values())} was paid, not ${wanted}`;
}

/** The search attributes and the answers of a run are those of one and the same turn, and the last of a run that ended. */
function* auditRun({ key, status, attributes = {}, queries = {}, steps }: RunRecord): Generator<string> {
  const { stop } = queries;
  if (attributes.name !== key) yield `books: the run ${key} is found by ${attributes.name}`;
  if (!stop || 'failure' in stop) {
    yield `books: the run ${key} did not answer`;
    return;
  }
  const answer = stop.value as { readonly stop?: number; readonly round?: number };
  if (answer.stop !== attributes.stop || answer.round !== attributes.round)
    yield `books: ${key} answers ${JSON.stringify(answer)}, and is found by ${JSON.stringify(attributes)}`;
  if (status !== 'completed' && status !== 'continued') yield `books: the run ${key} is ${status}`;
  // Per stop a call, its attributes and a sleep; and the attributes that it begins with.
  if (steps.total !== 1 + Number(attributes.stop) * 3)
    yield `books: ${key} is at stop ${attributes.stop} after ${steps.total} steps`;
}

function* auditStart(
  { runs, deadLetters }: EndState,
  input: z.output<typeof Tour>,
  learned: ReadonlySet<string>,
): Generator<string> {
  const run = runs.find(({ key, status }) => key === input.id && status !== 'continued');
  if (!run) {
    yield `I4: there is no run of ${input.id}`;
    return;
  }
  const won = run.inputDigest === inputDigest(input);
  // A start that died, and was redriven after a program had looked.
  const died = new Set(deadLetters.values());
  const output = JSON.stringify({ id: input.id, stops: input.stops });
  for (const what of learned)
    if (
      what !== 'Timeout' &&
      what !== (won ? output : 'RunExists') &&
      !(died.has(what) && what !== 'RunExists')
    )
      yield `books: a start of ${input.id} that ${won ? 'began the run' : 'came second'} learned ${what}`;
}
