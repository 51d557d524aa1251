import { invalid, required } from './problem.ts';

/** Start or end of an event: a moment, or a whole day. */
export interface EventTime {
  readonly dateTime?: string;
  readonly date?: string;
  readonly timeZone?: string;
}

/** What a caller may say about an event. Fields that the sandbox gives no meaning to are kept as they came. */
export interface EventInput {
  readonly id?: string;
  readonly start: EventTime;
  readonly end: EventTime;
  readonly summary?: string;
  readonly description?: string;
  readonly location?: string;
  readonly transparency?: 'opaque' | 'transparent';
  readonly extendedProperties?: {
    readonly private?: Readonly<Record<string, string>>;
    readonly shared?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** An event on a calendar. A deleted one stays, as `cancelled`: its id is never free again. */
export interface CalendarEvent {
  readonly id: string;
  readonly calendarId: string;
  readonly status: 'confirmed' | 'cancelled';
  readonly startMs: number;
  readonly endMs: number;
  readonly createMs: number;
  readonly updateMs: number;
  readonly input: EventInput;
}

/** Base32hex in lower case, 5 to 1024 characters (https://developers.google.com/workspace/calendar/api/v3/reference/events/insert). */
const EVENT_ID = /^[a-v0-9]{5,1024}$/;
const DAY_MS = 86_400_000;

/** Checks the body of an insert; throws the API's 400 naming what is wrong. */
export function readEventInput(body: string): EventInput {
  const input = parse(body);
  if (input.id !== undefined && (typeof input.id !== 'string' || !EVENT_ID.test(input.id))) {
    throw invalid('Invalid resource id value.');
  }
  if (input.recurrence !== undefined) throw invalid('The sandbox has no recurring events.', 'recurrence');
  const start = readTime(input.start, 'start time');
  const end = readTime(input.end, 'end time');
  if (timeMs(end) < timeMs(start)) throw invalid('The specified time range is empty.', 'timeMax');
  if ((start.date === undefined) !== (end.date === undefined)) throw invalid('Invalid start time.');
  return { ...input, start, end } as EventInput;
}

/** A whole day begins at midnight UTC: the sandbox's calendars are in that zone. */
function timeMs({ dateTime, date }: EventTime): number {
  return Date.parse(dateTime ?? `${date}T00:00:00Z`);
}

/** The length of the shortest event that its bounds allow: a day's event with equal dates lasts the day. */
export function spanOf(input: EventInput): { readonly startMs: number; readonly endMs: number } {
  const startMs = timeMs(input.start);
  const endMs = timeMs(input.end);
  return { startMs, endMs: input.start.date !== undefined && endMs === startMs ? startMs + DAY_MS : endMs };
}

/** The Event resource (https://developers.google.com/workspace/calendar/api/v3/reference/events). */
export function eventObject(event: CalendarEvent): object {
  const { id, calendarId, status, createMs, updateMs, input } = event;
  return {
    ...input,
    kind: 'calendar#event',
    etag: `"${updateMs}"`,
    id,
    status,
    htmlLink: `https://www.google.com/calendar/event?eid=${Buffer.from(id).toString('base64url')}`,
    created: new Date(createMs).toISOString(),
    updated: new Date(updateMs).toISOString(),
    creator: { email: calendarId, self: true },
    organizer: { email: calendarId, self: true },
    iCalUID: `${id}@google.com`,
    sequence: 0,
    eventType: 'default',
  };
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Not JSON: said below, with the API's own words.
  }
  throw invalid('Parse Error');
}

function readTime(value: unknown, field: string): EventTime {
  if (typeof value !== 'object' || value === null) throw required(field);
  const time = value as EventTime;
  if (time.dateTime === undefined && time.date === undefined) throw required(field);
  const form = time.date === undefined ? /^\d{4}-\d\d-\d\dT/ : /^\d{4}-\d\d-\d\d$/;
  const text = time.date ?? time.dateTime;
  if (typeof text !== 'string' || !form.test(text) || Number.isNaN(timeMs(time)))
    throw invalid(`Invalid ${field}.`);
  return time;
}
