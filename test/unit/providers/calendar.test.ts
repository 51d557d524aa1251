import { describe, expect, test } from 'vitest';
import { Calendar } from '../../../emulator/providers/calendar/calendar.ts';
import { ask, providerWorld, requestOf } from './ask.ts';

const headers = { authorization: 'Bearer ya29.mesh' };
const events = '/calendar/v3/calendars/slots%40demo/events';

function service() {
  const world = providerWorld();
  const calendar = new Calendar(world, { token: 'ya29.mesh', calendars: ['slots@demo'] });
  const call = (method: string, path: string, body?: object) =>
    ask(calendar, requestOf(method, path, { headers, ...(body ? { body: JSON.stringify(body) } : {}) }));
  return { calendar, clock: world.clock, call };
}

function slot(id: string, hour: number, orderId = id) {
  const time = (at: number) => ({ dateTime: `2026-03-01T${String(at).padStart(2, '0')}:00:00Z` });
  return { id, start: time(hour), end: time(hour + 1), extendedProperties: { private: { orderId } } };
}

function reasonOf({ body }: { body: Readonly<Record<string, unknown>> }): string | undefined {
  return (body.error as { errors: { reason: string }[] } | undefined)?.errors[0]?.reason;
}

describe('an event', () => {
  test('keeps the id it is given; a second one with that id is a duplicate', () => {
    const { calendar, call } = service();
    expect(call('POST', events, slot('order00001', 9))).toMatchObject({
      status: 200,
      body: { id: 'order00001' },
    });
    const again = call('POST', events, slot('order00001', 10));
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({
      error: { code: 409, message: 'The requested identifier already exists.' },
    });
    expect(reasonOf(again)).toBe('duplicate');
    expect(calendar.books().events).toHaveLength(1);
  });

  test('once deleted stays as cancelled: deleting again is 410, its id still taken', () => {
    const { call } = service();
    call('POST', events, slot('order00001', 9));
    expect(call('DELETE', `${events}/order00001`).status).toBe(204);
    const again = call('DELETE', `${events}/order00001`);
    expect([again.status, reasonOf(again)]).toEqual([410, 'deleted']);
    expect(call('GET', `${events}/order00001`).body.status).toBe('cancelled');
    expect(call('GET', events).body.items).toEqual([]);
    expect(call('GET', `${events}?showDeleted=true`).body.items).toHaveLength(1);
    expect(call('POST', events, slot('order00001', 9)).status).toBe(409);
  });

  test('may share its time with others', () => {
    const { calendar, call } = service();
    for (const id of ['order00001', 'order00002', 'order00003']) call('POST', events, slot(id, 9));
    expect(calendar.books().events).toHaveLength(3);
  });

  test('without an id gets one', () => {
    const { call } = service();
    const { id: _none, ...rest } = slot('order00001', 9);
    expect(call('POST', events, rest).body.id).toMatch(/^[a-v0-9]{26}$/);
  });

  test.each([
    ['an id with letters over v', { ...slot('order00001', 9), id: 'wxyz1' }, 'invalid'],
    ['an id under five characters', { ...slot('order00001', 9), id: 'abc1' }, 'invalid'],
    ['no end', { start: { dateTime: '2026-03-01T09:00:00Z' } }, 'required'],
    [
      'an end before its start',
      { ...slot('order00001', 9), end: { dateTime: '2026-03-01T08:00:00Z' } },
      'invalid',
    ],
  ])('is refused with %s', (_what, input, reason) => {
    const { calendar, call } = service();
    const answer = call('POST', events, input);
    expect([answer.status, reasonOf(answer)]).toEqual([400, reason]);
    expect(calendar.books().events).toEqual([]);
  });
});

describe('a list of events', () => {
  test('is bounded by time: end after timeMin, start before timeMax', () => {
    const { call } = service();
    for (const hour of [8, 9, 10, 11]) call('POST', events, slot(`hour${hour}00`, hour));
    const bounds =
      'timeMin=2026-03-01T09:00:00Z&timeMax=2026-03-01T11:00:00Z&singleEvents=true&orderBy=startTime';
    const items = call('GET', `${events}?${bounds}`).body.items as { id: string }[];
    expect(items.map(({ id }) => id)).toEqual(['hour900', 'hour1000']);
  });

  test('is narrowed by private properties, all of which must match', () => {
    const { call } = service();
    call('POST', events, slot('order00001', 9, 'o-1'));
    call('POST', events, slot('order00002', 9, 'o-2'));
    const found = call('GET', `${events}?privateExtendedProperty=orderId%3Do-2`).body.items;
    expect(found).toMatchObject([{ id: 'order00002' }]);
    const both = 'privateExtendedProperty=orderId%3Do-2&privateExtendedProperty=x%3D1';
    expect(call('GET', `${events}?${both}`).body.items).toEqual([]);
  });

  test('comes in pages', () => {
    const { call } = service();
    for (const hour of [8, 9, 10]) call('POST', events, slot(`hour${hour}00`, hour));
    const { body } = call('GET', `${events}?maxResults=2`);
    expect(body.items).toHaveLength(2);
    const rest = call('GET', `${events}?maxResults=2&pageToken=${body.nextPageToken}`).body;
    expect(rest.items).toMatchObject([{ id: 'hour1000' }]);
    expect(rest).not.toHaveProperty('nextPageToken');
  });
});

describe('free and busy times', () => {
  test('joins what overlaps and leaves out what is deleted or transparent', () => {
    const { call } = service();
    call('POST', events, slot('hour0900', 9));
    call('POST', events, slot('hour0901', 9));
    call('POST', events, slot('hour1000', 10));
    call('POST', events, slot('hour1200', 12));
    call('POST', events, { ...slot('hour1400', 14), transparency: 'transparent' });
    call('DELETE', `${events}/hour1200`);
    const query = {
      timeMin: '2026-03-01T09:30:00Z',
      timeMax: '2026-03-01T18:00:00Z',
      items: [{ id: 'slots@demo' }, { id: 'none' }],
    };
    expect(call('POST', '/calendar/v3/freeBusy', query).body.calendars).toEqual({
      'slots@demo': { busy: [{ start: '2026-03-01T09:30:00.000Z', end: '2026-03-01T11:00:00.000Z' }] },
      none: { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] },
    });
  });
});

describe('a caller', () => {
  test('without the token is 401, of an unknown calendar or event 404', () => {
    const { calendar, call } = service();
    const answer = ask(calendar, requestOf('GET', events, { headers: { authorization: 'Bearer other' } }));
    expect([answer.status, reasonOf(answer)]).toEqual([401, 'authError']);
    expect(call('GET', '/calendar/v3/calendars/none/events').status).toBe(404);
    expect(call('GET', `${events}/none0`).status).toBe(404);
  });
});
