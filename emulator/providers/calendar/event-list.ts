import { type CalendarEvent, eventObject } from './event.ts';
import { CalendarProblem, invalid } from './problem.ts';

const DEFAULT_RESULTS = 250;
const MAX_RESULTS = 2500;

/**
 * One page of a calendar's events (https://developers.google.com/workspace/calendar/api/v3/reference/events/list). An event is
 * within the bounds when it ends after `timeMin` and starts before `timeMax`; of several `privateExtendedProperty` all must match.
 */
export function listEvents(events: readonly CalendarEvent[], query: URLSearchParams, nowMs: number): object {
  const timeMin = readTime(query, 'timeMin') ?? Number.NEGATIVE_INFINITY;
  const timeMax = readTime(query, 'timeMax') ?? Number.POSITIVE_INFINITY;
  if (timeMax <= timeMin) throw emptyRange();
  const showDeleted = query.get('showDeleted') === 'true';
  const properties = query.getAll('privateExtendedProperty').map(readProperty);
  const text = query.get('q')?.toLowerCase();
  const found = events.filter(
    (event) =>
      event.endMs > timeMin &&
      event.startMs < timeMax &&
      (showDeleted || event.status !== 'cancelled') &&
      properties.every(([key, value]) => event.input.extendedProperties?.private?.[key] === value) &&
      (text === undefined || textOf(event).includes(text)),
  );
  const size = Math.min(MAX_RESULTS, readCount(query, 'maxResults') ?? DEFAULT_RESULTS);
  const start = readCount(query, 'pageToken') ?? 0;
  const page = sorted(found, query).slice(start, start + size);
  const next = start + page.length;
  return {
    kind: 'calendar#events',
    etag: `"${nowMs}"`,
    summary: '',
    updated: new Date(nowMs).toISOString(),
    timeZone: 'UTC',
    accessRole: 'owner',
    defaultReminders: [],
    ...(next < found.length ? { nextPageToken: String(next) } : {}),
    items: page.map(eventObject),
  };
}

export function emptyRange(): CalendarProblem {
  return new CalendarProblem(400, 'timeRangeEmpty', 'The specified time range is empty.', 'calendar', {
    locationType: 'parameter',
    location: 'timeMax',
  });
}

function sorted(events: CalendarEvent[], query: URLSearchParams): CalendarEvent[] {
  switch (query.get('orderBy')) {
    case null:
      return events;
    case 'updated':
      return events.sort((a, b) => a.updateMs - b.updateMs);
    case 'startTime':
      if (query.get('singleEvents') === 'true') return events.sort((a, b) => a.startMs - b.startMs);
      throw invalid('The requested ordering is not available for the particular query.', 'orderBy');
    default:
      throw invalid('Invalid value for orderBy.', 'orderBy');
  }
}

function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new CalendarProblem(400, 'badRequest', 'Bad Request');
  return ms;
}

function readCount(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[0-9]+$/.test(text)) throw invalid(`Invalid value for ${name}.`, name);
  return Number(text);
}

function readProperty(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw invalid('Invalid privateExtendedProperty constraint.', 'privateExtendedProperty');
  return [text.slice(0, at), text.slice(at + 1)];
}

function textOf({ input: { summary = '', description = '', location = '' } }: CalendarEvent): string {
  return `${summary}\n${description}\n${location}`.toLowerCase();
}
