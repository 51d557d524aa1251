import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { hasCode, rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlerContext, HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';

const KINDS = ['car', 'hotel', 'flight'] as const;
type Kind = (typeof KINDS)[number];

const Trip = z.object({
  tripId: z.string(),
  soldOut: z.enum([...KINDS, 'none']),
  timeout: z.enum(['5s', '5m', 'none']),
  together: z.boolean(),
  /** The trip goes on without a flight that does not answer in time. */
  flightOptional: z.boolean(),
});
type Trip = z.infer<typeof Trip>;
const Booked = z.object({ booked: z.array(z.string()) });
const Booking = z.object({ tripId: z.string(), soldOut: z.boolean() });

const bookings = defineAgent({
  name: 'bookings',
  secrets: ['provider-key'],
  commands: Object.fromEntries(
    KINDS.flatMap((kind) => [
      [kind, { input: Booking, output: z.object({ reference: z.string() }), mode: 'effect' }],
      [
        `cancel-${kind}`,
        { input: z.object({ tripId: z.string(), reference: z.string().optional() }), mode: 'effect' },
      ],
    ]),
  ) as Record<
    Kind,
    { input: typeof Booking; output: z.ZodObject<{ reference: z.ZodString }>; mode: 'effect' }
  > &
    Record<
      `cancel-${Kind}`,
      { input: z.ZodObject<{ tripId: z.ZodString; reference: z.ZodOptional<z.ZodString> }>; mode: 'effect' }
    >,
});

const trips = defineAgent({
  name: 'trips',
  calls: ['bookings'],
  workflows: {
    'book-trip': { input: Trip, output: Booked, key: 'tripId' },
  },
});

/** The world outside. A booking that was cancelled before it came is refused. */
class Agency {
  readonly live = new Set<string>();
  readonly undone: string[] = [];
  readonly made = new Map<string, number>();
  readonly #ended = new Set<string>();
  readonly #byKey = new Map<string, string>();

  book(reference: string, key: string): string {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    if (this.#ended.has(reference)) throw rejected('cancelled', 'it was cancelled before');
    this.made.set(reference, (this.made.get(reference) ?? 0) + 1);
    this.live.add(reference);
    this.#byKey.set(key, reference);
    return reference;
  }

  cancel(reference: string): void {
    if (this.live.delete(reference)) this.undone.push(reference);
    this.#ended.add(reference);
  }
}

const bookTrip = defineWorkflow({
  name: 'book-trip',
  version: 1,
  input: Trip,
  output: Booked,
  async run(wf, { tripId, soldOut, timeout, together, flightOptional }) {
    const book = async (kind: Kind) => {
      const { reference } = await wf.call(
        bookings[kind],
        { tripId, soldOut: soldOut === kind },
        {
          ...(timeout !== 'none' && { timeout }),
          retry: { maxAttempts: 2 },
          compensate: undo(bookings[`cancel-${kind}`], ({ output }) => ({
            tripId,
            ...(output && { reference: output.reference }),
          })),
        },
      );
      return reference;
    };
    if (together) return { booked: await Promise.all(KINDS.map(book)) };
    const booked: string[] = [];
    for (const kind of KINDS) {
      try {
        booked.push(await book(kind));
      } catch (error) {
        if (!flightOptional || kind !== 'flight' || !hasCode(error, 'StepTimeout')) throw error;
      }
    }
    return { booked };
  },
});

function handlersOf(agency: Agency, outside: Outside) {
  const ask = async <Result>(what: string, ctx: HandlerContext<unknown>, work: () => Result) => {
    await ctx.secret('provider-key');
    return outside.ask(what, ctx, work);
  };
  const book =
    (kind: Kind) =>
    async ({ tripId, soldOut }: z.output<typeof Booking>, ctx: HandlerContext<unknown>) => {
      if (soldOut) throw rejected('sold_out', `no ${kind} is left`);
      const reference = `${kind}:${tripId}`;
      return {
        reference: await ask(`for ${reference}`, ctx, () => agency.book(reference, ctx.idempotencyKey)),
      };
    };
  const cancel =
    (kind: Kind) =>
    ({ tripId }: { readonly tripId: string }, ctx: HandlerContext<unknown>) =>
      ask(`to cancel ${kind}:${tripId}`, ctx, () => agency.cancel(`${kind}:${tripId}`));
  return {
    car: book('car'),
    hotel: book('hotel'),
    flight: book('flight'),
    'cancel-car': cancel('car'),
    'cancel-hotel': cancel('hotel'),
    'cancel-flight': cancel('flight'),
  } satisfies HandlersOf<typeof bookings>;
}

/** Three effects at a provider, one after the other or at once; all of them or none. Some trips are cancelled, at any time. */
export const saga: Workload = { name: 'saga', play };

function play(random: Random): Play {
  const agency = new Agency();
  const wanted: Trip[] = Array.from({ length: random.between(1, 3) }, (_, at) => ({
    tripId: `trip-${at}`,
    soldOut: random.pick(['none', 'none', ...KINDS]),
    timeout: random.pick(['none', '5s', '5m']),
    together: random.chance(0.3),
    flightOptional: random.chance(0.3),
  }));
  const acts: Play['acts'][number][] = [];
  for (const trip of wanted) {
    const atMs = random.below(2_000);
    acts.push({ atMs, act: (client) => client.command('trips', 'book-trip', trip) });
    if (random.chance(0.2))
      acts.push({ atMs: random.below(5_000), act: (client) => client.command('trips', 'book-trip', trip) });
    if (random.chance(0.3))
      acts.push({
        atMs: atMs + random.below(random.pick([300, 3_000, 30_000])),
        act: (client) => client.cancel('trips', runIdOf('book-trip', trip.tripId)),
      });
  }
  return {
    agents: [
      {
        contract: trips.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: trips.contract, definitions: [bookTrip], clock, ids }),
      },
      {
        contract: bookings.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: bookings.contract,
            handlers: handlersOf(agency, outside),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, agency, wanted),
  };
}

function* audit({ runs, deadLetters }: EndState, agency: Agency, wanted: readonly Trip[]): Generator<string> {
  for (const { tripId, soldOut, flightOptional } of wanted) {
    const run = runs.find(({ key }) => key === tripId);
    const live = KINDS.filter((kind) => agency.live.has(`${kind}:${tripId}`));
    if (!run) {
      if (deadLetters.size === 0) yield `books: there is no run of ${tripId}`;
      if (live.length > 0) yield `books: ${tripId} never ran, and ${live} is booked`;
      continue;
    }
    const { status } = run;
    // The refusal of a flight may come too late: then the trip goes on without it.
    const optional = flightOptional && soldOut === 'flight';
    if (soldOut !== 'none' && !optional && status === 'completed')
      yield `books: ${tripId} completed without a ${soldOut}`;
    if (status === 'compensation_failed') yield `I8: the undo of ${tripId} was given up on`;
    const { booked } = status === 'completed' ? Booked.parse(run.output) : { booked: [] };
    if (live.join() !== booked.map((reference) => reference.split(':')[0]).join())
      yield `books: ${tripId} is ${status}, and has booked: ${live}`;
    const order = agency.undone
      .filter((reference) => reference.endsWith(`:${tripId}`))
      .map((each) => each.split(':')[0]);
    const right = KINDS.filter((kind) => order.includes(kind)).reverse();
    if (order.join() !== right.join()) yield `I8: ${tripId} was undone in the order ${order}`;
  }
  for (const [reference, times] of agency.made)
    if (times > 1) yield `I2: ${reference} was booked ${times} times`;
}
