import type { Provider, ProviderAnswer, ProviderRequest, Refusal, Work } from '../provider.ts';
import { randomText } from '../random.ts';
import type { ProviderWorld } from '../sandbox.ts';
import { type CalendarEvent, type EventInput, eventObject, readEventInput, spanOf } from './event.ts';
import { emptyRange, listEvents } from './event-list.ts';
import { CalendarProblem, invalid, required } from './problem.ts';

/** What really happened: every event ever inserted, in order; deleted ones are `cancelled`. */
export interface CalendarBooks {
  readonly events: readonly CalendarEvent[];
}

export interface CalendarAccess {
  /** The only bearer token that is let in. */
  readonly token: string;
  /** The calendars that exist. Default: `primary`. */
  readonly calendars?: readonly string[];
}

const BASE32HEX = '0123456789abcdefghijklmnopqrstuv';
const EVENTS = /^\/calendar\/v3\/calendars\/([^/]+)\/events(?:\/([^/]+))?$/;

/**
 * The Calendar API (v3). An event may bring its id: a second insert with that id is refused with 409, also after the event was
 * deleted. Calendar books any number of events into one slot; how many are too many is its caller's rule.
 */
export class Calendar implements Provider<CalendarBooks> {
  readonly #world: ProviderWorld;
  readonly #token: string;
  readonly #calendars: ReadonlyMap<string, Map<string, CalendarEvent>>;

  constructor(world: ProviderWorld, { token, calendars = ['primary'] }: CalendarAccess) {
    this.#world = world;
    this.#token = token;
    this.#calendars = new Map(calendars.map((id) => [id, new Map()]));
  }

  accept(request: ProviderRequest): ProviderAnswer | Work {
    try {
      if (request.headers.authorization !== `Bearer ${this.#token}`) {
        const location = { locationType: 'header', location: 'Authorization' };
        throw new CalendarProblem(401, 'authError', 'Invalid Credentials', 'global', location);
      }
      return this.#route(request);
    } catch (error) {
      if (error instanceof CalendarProblem) return error.toAnswer();
      throw error;
    }
  }

  refuse(refusal: Refusal): ProviderAnswer {
    if (refusal.kind === 'fail') {
      return new CalendarProblem(refusal.status, 'backendError', 'Backend Error').toAnswer();
    }
    const problem = new CalendarProblem(429, 'rateLimitExceeded', 'Rate Limit Exceeded', 'usageLimits');
    return { ...problem.toAnswer(), headers: { 'Retry-After': String(refusal.retryAfterSeconds) } };
  }

  books(): CalendarBooks {
    return { events: [...this.#calendars.values()].flatMap((events) => [...events.values()]) };
  }

  #route({ method, path, query, body }: ProviderRequest): ProviderAnswer | Work {
    if (path === '/calendar/v3/freeBusy' && method === 'POST')
      return { status: 200, body: this.#freeBusy(body) };
    const [, calendar, event] = EVENTS.exec(path) ?? [];
    if (calendar === undefined) throw notFound();
    const calendarId = decodeURIComponent(calendar);
    const events = this.#calendars.get(calendarId);
    if (events === undefined) throw notFound();
    if (event === undefined) {
      if (method === 'POST') return this.#insert(calendarId, events, readEventInput(body));
      if (method === 'GET')
        return { status: 200, body: listEvents([...events.values()], query, this.#world.clock.now()) };
    } else {
      const found = events.get(decodeURIComponent(event));
      if (found === undefined) throw notFound();
      if (method === 'GET') return { status: 200, body: eventObject(found) };
      if (method === 'DELETE') return () => this.#delete(events, found.id);
    }
    throw notFound();
  }

  #insert(calendarId: string, events: Map<string, CalendarEvent>, input: EventInput): Work {
    return () => {
      const { clock, random } = this.#world;
      const id = input.id ?? randomText(random, 26, BASE32HEX);
      if (events.has(id)) {
        return new CalendarProblem(409, 'duplicate', 'The requested identifier already exists.').toAnswer();
      }
      const now = clock.now();
      const event: CalendarEvent = {
        id,
        calendarId,
        status: 'confirmed',
        ...spanOf(input),
        createMs: now,
        updateMs: now,
        input,
      };
      events.set(id, event);
      return { status: 200, body: eventObject(event) };
    };
  }

  #delete(events: Map<string, CalendarEvent>, id: string): ProviderAnswer {
    const event = events.get(id);
    if (event === undefined || event.status === 'cancelled') {
      return new CalendarProblem(410, 'deleted', 'Resource has been deleted').toAnswer();
    }
    events.set(id, { ...event, status: 'cancelled', updateMs: this.#world.clock.now() });
    return { status: 204 };
  }

  #freeBusy(body: string): object {
    const { timeMin, timeMax, items } = readFreeBusy(body);
    const calendars = items.map(({ id }) => {
      const events = this.#calendars.get(id);
      if (events === undefined)
        return [id, { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] }] as const;
      return [
        id,
        { busy: busyTimes([...events.values()], Date.parse(timeMin), Date.parse(timeMax)) },
      ] as const;
    });
    return { kind: 'calendar#freeBusy', timeMin, timeMax, calendars: Object.fromEntries(calendars) };
  }
}

/** The busy times within the bounds, cut to them, overlapping ones joined; deleted and transparent events leave time free. */
function busyTimes(events: readonly CalendarEvent[], minMs: number, maxMs: number): object[] {
  const spans: { startMs: number; endMs: number }[] = [];
  const busy = events
    .filter(({ status, input }) => status !== 'cancelled' && input.transparency !== 'transparent')
    .filter(({ startMs, endMs }) => endMs > minMs && startMs < maxMs)
    .sort((a, b) => a.startMs - b.startMs);
  for (const { startMs, endMs } of busy) {
    const last = spans.at(-1);
    if (last !== undefined && startMs <= last.endMs)
      last.endMs = Math.max(last.endMs, Math.min(endMs, maxMs));
    else spans.push({ startMs: Math.max(startMs, minMs), endMs: Math.min(endMs, maxMs) });
  }
  return spans.map(({ startMs, endMs }) => ({
    start: new Date(startMs).toISOString(),
    end: new Date(endMs).toISOString(),
  }));
}

interface FreeBusyQuery {
  readonly timeMin: string;
  readonly timeMax: string;
  readonly items: readonly { readonly id: string }[];
}

function readFreeBusy(body: string): FreeBusyQuery {
  let query: Partial<FreeBusyQuery>;
  try {
    query = Object(JSON.parse(body));
  } catch {
    throw new CalendarProblem(400, 'parseError', 'Parse Error');
  }
  const { timeMin = '', timeMax = '', items = [] } = query;
  if (Number.isNaN(Date.parse(timeMin))) throw required('timeMin');
  if (Number.isNaN(Date.parse(timeMax))) throw required('timeMax');
  if (Date.parse(timeMax) <= Date.parse(timeMin)) throw emptyRange();
  if (!Array.isArray(items) || !items.every((item) => typeof item?.id === 'string')) {
    throw invalid('Invalid items.', 'items');
  }
  return { timeMin, timeMax, items };
}

function notFound(): CalendarProblem {
  return new CalendarProblem(404, 'notFound', 'Not Found');
}
