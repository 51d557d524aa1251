import type { calendar_v3 } from '@googleapis/calendar';
import { digest, type HandlerContext, MeshError, rejected, retryAfterMs } from '../../shared/index.ts';
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
  const budget = AbortSignal.timeout(BUDGET_MS);
  const provider = ctx.provider('calendar');
  /** Asks the calendar. `instead` is the answer where it has one that is no success and no fault either. */
  const ask = <Result>(
    request: (options: { signal: AbortSignal; retry: false }) => Promise<Result>,
    instead: (status: number | undefined) => Result | undefined = () => undefined,
  ): Promise<Result> =>
    provider.call(async (signal) => {
      try {
        // Tried again by Pub/Sub, which outlives this process.
        return await request({ signal: AbortSignal.any([signal, budget]), retry: false });
      } catch (error) {
        const answer = instead(statusOf(error));
        if (answer === undefined) throw failureOf(error, ctx.now().getTime());
        return answer;
      }
    });

  /** False where the id is taken: by a live event, or a deleted one. */
  async function insert({ orderId, summary, location }: Delivery, slot: Slot): Promise<boolean> {
    const requestBody: calendar_v3.Schema$Event = {
      id: eventIdOf(orderId),
      summary,
      ...(location !== undefined && { location }),
      ...timesOf(slot),
      extendedProperties: { private: { orderId } },
    };
    return ask(
      (options) => events.insert({ calendarId, requestBody, sendUpdates: 'none' }, options).then(() => true),
      (status) => (status === 409 ? false : undefined),
    );
  }

  /** False where there never was such an event. */
  async function remove(eventId: string): Promise<boolean> {
    return ask(
      (options) => events.delete({ calendarId, eventId, sendUpdates: 'none' }, options).then(() => true),
      (status) => (status === 410 ? true : status === 404 ? false : undefined),
    );
  }

  return {
    async book(delivery, slot) {
      if (await insert(delivery, slot)) return true;
      const eventId = eventIdOf(delivery.orderId);
      const { data } = await ask((options) => events.get({ calendarId, eventId }, options));
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

/** A 403 may be for want of quota (https://developers.google.com/workspace/calendar/api/guides/errors). */
function isRateLimit(error: unknown): boolean {
  const { errors } = error as { readonly errors?: readonly { readonly reason?: string }[] };
  return /^(userR|r)ateLimitExceeded$/.test(errors?.[0]?.reason ?? '');
}

/** An error of the SDK's as the mesh's. The cause is left out: the SDK keeps the request, with its token, in it (I12). */
function failureOf(error: unknown, now: number): MeshError {
  if (error instanceof MeshError) return error;
  const status = statusOf(error);
  if (status === 429 || (status === 403 && isRateLimit(error))) {
    const { response } = error as { readonly response?: { readonly headers?: Headers } };
    const ms = retryAfterMs(response?.headers?.get('retry-after'), now);
    return new MeshError('ProviderThrottled', 'Calendar asked to be called less often', {
      ...(ms !== undefined && { retryAfterMs: ms }),
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (status === 400) return rejected('booking_refused', `Calendar refused the event: ${message}`);
  return new MeshError(
    'ProviderFailed',
    status === undefined
      ? 'Calendar could not be reached in time'
      : `Calendar answered ${status}: ${message}`,
  );
}
