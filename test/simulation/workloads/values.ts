import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { hasCode } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { ODD_JSON } from './odd-json.ts';
import { unlucky } from './unlucky.ts';

/** How many defaults were asked for: each gets another, as a random one would. */
let asked = 0;
const token = (what: string) => z.string().default(() => `${what}-${++asked}`);
/** Fits what came on the wire, and not what it makes of it: parsed twice, it fails. */
const instant = z.iso.datetime().transform((text) => new Date(text));
const FEE = 25;

const bookings = defineAgent({
  name: 'bookings',
  commands: {
    book: {
      input: z.object({ id: z.string(), at: instant, value: z.unknown() }),
      output: z.object({
        ref: z.string(),
        fee: z.int().default(FEE),
        at: instant,
        stamp: token('output'),
        echo: z.unknown(),
      }),
      mode: 'effect',
    },
    cancel: {
      input: z.object({
        id: z.string(),
        ref: z.string(),
        fee: z.number(),
        at: z.string(),
        stamp: z.string(),
      }),
      mode: 'effect',
    },
    note: { input: z.object({ id: z.string(), texts: z.array(z.string()) }), mode: 'effect' },
  },
});

const Trip = z.object({
  id: z.string(),
  value: z.unknown(),
  fails: z.boolean(),
  token: token('input'),
  at: instant,
});
const Taken = z.object({ texts: z.array(z.string()), echo: z.unknown(), made: token('result') });

const travel = defineAgent({
  name: 'travel',
  calls: ['bookings'],
  workflows: { trip: { input: Trip, output: Taken, key: 'id' } },
});

const trip = defineWorkflow({
  name: 'trip',
  version: 1,
  input: Trip,
  output: Taken,
  async run(wf, { id, value, fails, token: first, at }) {
    const booked = await wf.call(
      bookings.book,
      { id, value, at: at.toISOString() },
      {
        compensate: undo(bookings.cancel, ({ output }) => ({
          id,
          ref: output?.ref ?? '',
          fee: output?.fee ?? -1,
          at: output?.at.toISOString() ?? '',
          stamp: output?.stamp ?? '',
        })),
      },
    );
    const more = await wf
      .signal('more', { schema: z.object({ word: token('signal'), at: instant }), timeout: '20s' })
      .catch((error) => {
        if (!hasCode(error, 'SignalTimeout')) throw error;
        return undefined;
      });
    const texts = () => [
      first,
      booked.stamp,
      booked.at.toISOString(),
      more?.word ?? '',
      more?.at.toISOString() ?? '',
    ];
    await wf.call(bookings.note, { id, texts: texts() });
    await wf.sleep('2s');
    // Another instance may have the run by now, and have replayed it.
    await wf.call(bookings.note, { id, texts: texts() });
    if (fails) throw new Error('half an emoji: \ud83d');
    return { texts: texts(), echo: booked.echo };
  },
});

type Told = Readonly<Record<'ref' | 'at' | 'stamp', string>> & { readonly fee: number };

/** What the provider was told. */
class Desk {
  readonly booked = new Set<string>();
  readonly cancelled = new Map<string, Told[]>();
  readonly notes = new Map<string, (readonly string[])[]>();

  cancel(id: string, told: Told): void {
    this.cancelled.set(id, [...(this.cancelled.get(id) ?? []), told]);
  }

  note(id: string, texts: readonly string[]): void {
    this.notes.set(id, [...(this.notes.get(id) ?? []), texts]);
  }
}

const handlersOf = (desk: Desk, outside: Outside) =>
  ({
    book: ({ id, at, value }, ctx) =>
      outside.ask(`to book ${id}`, ctx, () => {
        desk.booked.add(id);
        return { ref: `R-${id}`, at: at.toISOString(), echo: value };
      }),
    cancel: ({ id, ...told }, ctx) => outside.ask(`to cancel ${id}`, ctx, () => desk.cancel(id, told)),
    note: ({ id, texts }, ctx) => outside.ask(`to note ${id}`, ctx, () => desk.note(id, texts)),
  }) satisfies HandlersOf<typeof bookings>;

interface Order {
  readonly id: string;
  readonly value: unknown;
  readonly fails: boolean;
  readonly at: string;
}

/**
 * Values that are easily mangled, through schemas with transforms and with defaults that are never the same twice: the code sees one value,
 * on whichever instance it is replayed, and an undo gets what the code saw.
 */
export const values: Workload = { name: 'values', play };

function play(random: Random): Play {
  asked = 0;
  const desk = new Desk();
  const orders: Order[] = Array.from({ length: random.between(1, 2) }, (_, at) => ({
    id: `trip-${at}`,
    value: random.pick(ODD_JSON),
    fails: random.chance(0.4),
    at: random.pick(['2026-02-28T23:59:59.999Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z']),
  }));
  const acts: Play['acts'][number][] = [];
  for (const order of orders) {
    const { id } = order;
    const runId = runIdOf('trip', id);
    acts.push({ atMs: random.below(500), act: (client) => client.command('travel', 'trip', order) });
    // Joins the run, though its default would be another.
    if (random.chance(0.3))
      acts.push({ atMs: random.below(9_000), act: (client) => client.command('travel', 'trip', order) });
    if (random.chance(0.7))
      acts.push({
        atMs: random.below(15_000),
        act: (client) => client.signal('travel', runId, 'more', { at: order.at }),
      });
    if (random.chance(0.2))
      acts.push({ atMs: random.below(20_000), act: (client) => client.cancel('travel', runId) });
  }
  return {
    agents: [
      {
        contract: travel.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: travel.contract, definitions: [trip], clock, ids }),
      },
      {
        contract: bookings.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: bookings.contract,
            handlers: handlersOf(desk, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, desk, orders),
  };
}

function* audit({ runs }: EndState, desk: Desk, orders: readonly Order[]): Generator<string> {
  for (const { id, value, fails, at } of orders) {
    const run = runs.find(({ key }) => key === id);
    if (!run) {
      yield `books: there is no run of ${id}`;
      continue;
    }
    const instant = new Date(at).toISOString();
    const notes = desk.notes.get(id) ?? [];
    const [texts] = notes;
    for (const other of notes)
      if (other.join() !== texts?.join()) yield `I9: ${id} saw ${texts}, and later ${other}`;
    if (texts) {
      const [input = '', stamp = '', booked, word = '', more] = texts;
      if (!input.startsWith('input-') || !stamp.startsWith('output-')) yield `books: ${id} saw ${texts}`;
      if (booked !== instant || (more !== '' && more !== instant))
        yield `books: ${id} is at ${booked}, ${more}`;
      if ((word !== '') !== (more !== '') || (word !== '' && !word.startsWith('signal-')))
        yield `books: ${id} took the signal ${word} ${more}`;
    }
    const undone = desk.cancelled.get(id) ?? [];
    if (run.status === 'completed') {
      if (fails) yield `books: ${id} was to fail`;
      const output = Taken.parse(run.output);
      if (output.texts.join() !== texts?.join())
        yield `I9: ${id} returned ${output.texts}, and noted ${texts}`;
      if (!output.made.startsWith('result-')) yield `books: ${id} made ${output.made}`;
      if (JSON.stringify(output.echo) !== JSON.stringify(value)) yield `books: ${id} got another value back`;
      if (undone.length > 0) yield `I8: ${id} completed, and is undone`;
      continue;
    }
    if (run.status === 'failed' && run.failure?.code !== 'WorkflowFailed' && !unlucky(run))
      yield `books: ${id} failed: ${run.failure?.message}`;
    if (run.failure?.code === 'WorkflowFailed' && (!fails || run.failure.message !== 'half an emoji: \ufffd'))
      yield `books: ${id} failed with ${run.failure.message}`;
    if (desk.booked.has(id) && undone.length === 0) yield `I8: ${id} is ${run.status}, and is booked`;
    const known = JSON.stringify({ ref: `R-${id}`, fee: FEE, at: instant, stamp: texts?.[1] });
    // What the code was given is what its undo is given.
    if (texts && undone.some((told) => JSON.stringify(told) !== known))
      yield `I8: ${id} saw ${known}, and was undone with ${JSON.stringify(undone)}`;
    const blank = { ref: '', fee: -1, at: '', stamp: '' };
    for (const { stamp, ...told } of undone)
      if (!stamp.startsWith('output-') && JSON.stringify({ ...told, stamp }) !== JSON.stringify(blank))
        yield `I8: ${id} was undone with ${JSON.stringify({ ...told, stamp })}`;
  }
}
