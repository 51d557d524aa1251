import * as z from 'zod';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import { MeshError, rejected } from '../../shared/contract/errors.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import { undo } from '../../shared/workflow/context.ts';
import { defineWorkflow } from '../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../shared/workflow/workflow-routes.ts';
import type { FaultPlan } from './faults.ts';
import { recorder, recorderHandlers } from './recorder.ts';
import type { WorldAgent } from './world.ts';

const Trip = z.object({
  tripId: z.string(),
  /** Which booking is refused; `undo` is a flight that is refused and a hotel that can't be cancelled. */
  failAt: z.enum(['none', 'hotel', 'flight', 'undo']).default('none'),
  /** Whether somebody must approve after the car is booked; a night is slept over it then. */
  approval: z.boolean().default(false),
});
const Booking = z.object({
  tripId: z.string(),
  refuse: z.boolean().default(false),
  /** Booked for good: its cancellation is refused. */
  binding: z.boolean().default(false),
});

/** A saga of three effects, each undone by a command of its own. */
const trips = defineAgent({
  name: 'trips',
  calls: ['bookings'],
  workflows: {
    'book-trip': { input: Trip, output: z.object({ booked: z.array(z.string()) }), key: 'tripId' },
  },
});

const KINDS = ['car', 'hotel', 'flight'] as const;
type Kind = (typeof KINDS)[number];
const booking = { input: Booking, output: z.object({ reference: z.string() }), mode: 'effect' } as const;
const cancelling = {
  input: z.object({ tripId: z.string(), reference: z.string().optional(), binding: z.boolean() }),
  mode: 'effect',
} as const;

const bookings = defineAgent({
  name: 'bookings',
  commands: {
    car: booking,
    hotel: booking,
    flight: booking,
    'cancel-car': cancelling,
    'cancel-hotel': cancelling,
    'cancel-flight': cancelling,
  },
});

/** The world outside: what is booked, and in which order it was undone. A booking that was cancelled before it came is refused. */
export class Agency {
  readonly live = new Set<string>();
  readonly #ended = new Set<string>();
  readonly undone: string[] = [];
  /** Bookings made, ever; over one a trip and kind is a double booking. */
  readonly made = new Map<string, number>();
  readonly #byKey = new Map<string, string>();

  book(kind: Kind, tripId: string, key: string): string {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const reference = `${kind}:${tripId}`;
    if (this.#ended.has(reference)) throw rejected('cancelled', 'it was cancelled before');
    this.made.set(reference, (this.made.get(reference) ?? 0) + 1);
    this.live.add(reference);
    this.#byKey.set(key, reference);
    return reference;
  }

  cancel(kind: Kind, tripId: string): void {
    const reference = `${kind}:${tripId}`;
    if (this.live.delete(reference)) this.undone.push(reference);
    this.#ended.add(reference);
  }
}

const bookTrip = defineWorkflow({
  name: 'book-trip',
  version: 1,
  input: Trip,
  output: z.object({ booked: z.array(z.string()) }),
  async run(wf, { tripId, failAt, approval }) {
    const booked: string[] = [];
    for (const kind of KINDS) {
      if (approval && kind === 'hotel') {
        await wf.signal('approve', { schema: z.object({ by: z.string() }), timeout: '1h' });
        await wf.sleep('8h');
      }
      const refuse = failAt === kind || (failAt === 'undo' && kind === 'flight');
      const binding = failAt === 'undo' && kind === 'hotel';
      const { reference } = await wf.call(
        bookings[kind],
        { tripId, refuse, binding },
        {
          timeout: '30s',
          compensate: undo(bookings[`cancel-${kind}`], ({ input, output }) => ({
            tripId: input.tripId,
            binding: input.binding ?? false,
            ...(output && { reference: output.reference }),
          })),
        },
      );
      booked.push(reference);
    }
    return { booked };
  },
});

export function sagaMesh(agency: Agency, plan: FaultPlan): WorldAgent[] {
  /** A call to the world outside, which goes wrong as planned. */
  const outside = <Result>(work: () => Result): Result => {
    const fault = plan.next('provider');
    if (fault === 'refused') throw new MeshError('ProviderFailed', 'the agency is shut');
    const result = work();
    if (fault !== undefined) throw new MeshError('ProviderFailed', 'the answer of the agency was lost');
    return result;
  };
  const book =
    (kind: Kind) =>
    (
      { tripId, refuse }: z.output<typeof Booking>,
      { idempotencyKey }: { readonly idempotencyKey: string },
    ) => {
      if (refuse) throw rejected('sold_out', `no ${kind} is left`);
      return { reference: outside(() => agency.book(kind, tripId, idempotencyKey)) };
    };
  const cancel =
    (kind: Kind) =>
    ({ tripId, binding }: { readonly tripId: string; readonly binding: boolean }) => {
      if (binding && agency.live.has(`${kind}:${tripId}`))
        throw rejected('binding', `the ${kind} can't be cancelled`);
      return outside(() => agency.cancel(kind, tripId));
    };
  const bookingHandlers = {
    car: book('car'),
    hotel: book('hotel'),
    flight: book('flight'),
    'cancel-car': cancel('car'),
    'cancel-hotel': cancel('hotel'),
    'cancel-flight': cancel('flight'),
  } satisfies HandlersOf<typeof bookings>;
  const hosted = { contract: trips.contract, definitions: [bookTrip] };
  return [
    { contract: trips.contract, routes: ({ clock, ids }) => workflowRoutes({ ...hosted, clock, ids }) },
    {
      contract: bookings.contract,
      routes: ({ clock, secrets }) =>
        handlerRoutes({ contract: bookings.contract, handlers: bookingHandlers, clock, secrets, env: {} }),
    },
    {
      contract: recorder.contract,
      routes: ({ clock, secrets }) =>
        handlerRoutes({ contract: recorder.contract, handlers: recorderHandlers, clock, secrets, env: {} }),
    },
  ];
}
