import type { calendar_v3 } from '@googleapis/calendar';
import { digest, type HandlerContext, MeshError, rejected } from '../../shared/index.ts';
import type { Slot } from './contract.ts';

/** All requests of one handling together. */
const BUDGET_MS = 5_000;
const SCOPE = 'https://www.googleapis.com/auth/calendar.events';
/** A booking and a cancellation can overtake each other so often; after that the message is tried again. */
const ROUNDS = 3;

export interface Delivery {
  readonly orderId: string;
  readonly summary: string;
  readonly location?: string | undefined;
}

/** The deliveries at Google Calendar. It never gives an id out twice, not even of a deleted event: so an order has one event, ever. */
export interface DeliveryCalendar {
  /** Enters the delivery, or finds it entered. Returns false where it was cancelled before. */
  book(delivery: Delivery, slot: Slot): Promise<boolean>;
  /** Sees to it that the order has no live event, and that none can be entered any more. */
  cancel(orderId: string, slot: Slot): Promise<void>;
}

/** The event's id: 32 characters of base32hex (developers.google.com/workspace/calendar/api/v3/reference/events/insert). */
export const eventIdOf = (orderId: string) => digest('delivery', orderId);

/** What a call to the outside needs of a handler's context. */
type Surroundings = Omit<HandlerContext, 'state'>;

/** One client per address and token: an instance keeps its connections, and a new token is used at once. */
const clients = new Map<string, Promise<calendar_v3.Calendar>>();

export async function openCalendar(ctx: Surroundings): Promise<DeliveryCalendar> {
  const { events } = await clientFor(ctx);
  const calendarId = ctx.setting('DELIVERY_CALENDAR') ?? 'primary';
  const options = {
    signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(BUDGET_MS)]),
    // Tried again by Pub/Sub, which outlives this process.
    retry: false,
  };

  /** False where the id is taken: by a live event, or a deleted one. */
  async function insert({ orderId, summary, location }: Delivery, slot: Slot): Promise<boolean> {
    const requestBody: calendar_v3.Schema$Event = {
      id: eventIdOf(orderId),
      summary,
      ...(location !== undefined && { location }),
      ...timesOf(slot),
      extendedProperties: { private: { orderId } },
    };
    try {
      await events.insert({ calendarId, requestBody, sendUpdates: 'none' }, options);
      return true;
    } catch (error) {
      if (statusOf(error) === 409) return false;
      throw failureOf(error);
    }
  }

  /** False where there never was such an event. */
  async function remove(eventId: string): Promise<boolean> {
    try {
      await events.delete({ calendarId, eventId, sendUpdates: 'none' }, options);
      return true;
    } catch (error) {
      if (statusOf(error) === 410) return true;
      if (statusOf(error) === 404) return false;
      throw failureOf(error);
    }
  }

  return {
    async book(delivery, slot) {
      if (await insert(delivery, slot)) return true;
      const eventId = eventIdOf(delivery.orderId);
      const { data } = await events.get({ calendarId, eventId }, options).catch((error: unknown) => {
        throw failureOf(error);
      });
      return data.status !== 'cancelled';
    },
    async cancel(orderId, slot) {
      const eventId = eventIdOf(orderId);
      for (let round = 0; round < ROUNDS; round++) {
        if (await remove(eventId)) return;
        // Nothing was booked, or not yet: the id is taken, so that a booking that comes late finds it gone.
        await insert({ orderId, summary: `Cancelled ${orderId}` }, slot);
      }
      throw new MeshError(
        'ProviderFailed',
        `Calendar neither has nor lacks the event of the order ${orderId}`,
      );
    },
  };
}

async function clientFor(ctx: Surroundings): Promise<calendar_v3.Calendar> {
  const base = ctx.setting('CALENDAR_API_BASE');
  // A sandbox knows no accounts of Google's: it is given a token. Everywhere else the agent's own account is asked for one.
  const token = base === undefined ? undefined : await ctx.secret('calendar-access-token');
  const key = `${base} ${token}`;
  const known = clients.get(key);
  if (known) return known;
  const made = import('@googleapis/calendar').then(({ auth, calendar }) => {
    if (base === undefined || token === undefined)
      return calendar({ version: 'v3', auth: new auth.GoogleAuth({ scopes: [SCOPE] }) });
    const client = new auth.OAuth2();
    client.setCredentials({ access_token: token });
    return calendar({ version: 'v3', rootUrl: new URL('/', base).href, auth: client });
  });
  clients.clear();
  clients.set(key, made);
  return made;
}

const timesOf = ({ start, end }: Slot) => ({ start: { dateTime: start }, end: { dateTime: end } });

function statusOf(error: unknown): number | undefined {
  const { status, response } = error as {
    readonly status?: unknown;
    readonly response?: { readonly status?: number };
  };
  return typeof status === 'number' ? status : response?.status;
}

/** An error of the SDK's as the mesh's. The cause is left out: the SDK keeps the request, with its token, in it (I12). */
function failureOf(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  const status = statusOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (status === 400) return rejected('booking_refused', `Calendar refused the event: ${message}`);
  return new MeshError(
    'ProviderFailed',
    status === undefined
      ? 'Calendar could not be reached in time'
      : `Calendar answered ${status}: ${message}`,
  );
}
