import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  DAYS_AHEAD,
  dayKey,
  SLOT_CAPACITY,
  SLOT_HOURS,
  scheduling,
} from '../../../agents/scheduling/contract.ts';
import { handlers } from '../../../agents/scheduling/handler.ts';
import { startCalendar } from '../../../emulator/providers/index.ts';
import { AgentTest, ManualClock } from '../../../shared/testing/index.ts';

const from = '2026-01-05';
const hold = { orderId: 'o-1', from };
const book = { orderId: 'o-1', summary: 'Delivery o-1', location: 'Unter den Linden 1, Berlin' };
const eight = { start: '2026-01-05T08:00:00.000Z', end: '2026-01-05T10:00:00.000Z' };

let clock: ManualClock;
let calendar: Awaited<ReturnType<typeof startCalendar>>;
let desk: AgentTest<typeof scheduling>;

beforeEach(async () => {
  clock = new ManualClock();
  calendar = await startCalendar({ token: 'calendar-token', calendars: ['deliveries'], clock });
  desk = new AgentTest({
    agent: scheduling,
    handlers,
    clock,
    secrets: { 'calendar-access-token': 'calendar-token' },
    settings: { CALENDAR_API_BASE: calendar.url, DELIVERY_CALENDAR: 'deliveries' },
  });
});
afterEach(() => calendar.close());

/** Until a request waits on the sandbox's clock: of the timers of its handling none rings within a second. */
async function waiting(): Promise<void> {
  while ((clock.nextDue ?? Infinity) > clock.now() + 1_000)
    await new Promise((resolve) => setImmediate(resolve));
}

const live = () => calendar.books.events.filter(({ status }) => status === 'confirmed');
const full = (date: string, hours: readonly number[] = SLOT_HOURS) => ({
  kind: 'day' as const,
  date,
  slots: Object.fromEntries(
    hours.map((hour) => [hour, Array.from({ length: SLOT_CAPACITY }, (_, at) => `other-${at}`)]),
  ),
});

describe('a hold', () => {
  test('takes the first slot of the wished day, once per order', async () => {
    expect(await desk.send(scheduling.hold, hold)).toEqual(eight);
    expect(await desk.send(scheduling.hold, hold)).toEqual(eight);
    expect(await desk.state.get(dayKey(from))).toEqual({ kind: 'day', date: from, slots: { 8: ['o-1'] } });
  });

  test('takes the next slot when one is full, and the next day when a day is', async () => {
    await desk.state.set(dayKey(from), full(from, [8, 10]));
    expect(await desk.send(scheduling.hold, hold)).toMatchObject({ start: '2026-01-05T12:00:00.000Z' });
    await desk.state.set(dayKey(from), full(from));
    expect(await desk.send(scheduling.hold, { orderId: 'o-2', from })).toMatchObject({
      start: '2026-01-06T08:00:00.000Z',
    });
  });

  test('is rejected when nothing is free for a week', async () => {
    for (let day = 5; day < 5 + DAYS_AHEAD; day++) {
      const date = `2026-01-${String(day).padStart(2, '0')}`;
      await desk.state.set(dayKey(date), full(date));
    }
    expect(await desk.fail(scheduling.hold, hold)).toMatchObject({ code: 'Rejected', reason: 'no_slot' });
  });

  test('takes no slot that is past', async () => {
    await clock.advance(Date.parse('2026-01-05T09:00:00Z') - clock.now());
    expect(await desk.send(scheduling.hold, hold)).toMatchObject({ start: '2026-01-05T10:00:00.000Z' });
  });

  test('of the last place is given to one of two that ask at once', async () => {
    const day = full(from, [8]);
    day.slots[8]?.pop();
    await desk.state.set(dayKey(from), day);
    const slots = await Promise.all(
      ['o-1', 'o-2'].map((orderId) => desk.send(scheduling.hold, { orderId, from })),
    );
    expect(slots.map(({ start }) => start)).toEqual(['2026-01-05T08:00:00.000Z', '2026-01-05T10:00:00.000Z']);
  });
});

describe('a booking', () => {
  beforeEach(() => desk.send(scheduling.hold, hold));

  test('enters the delivery in the slot that the order holds, once', async () => {
    const first = await desk.send(scheduling.book, book);
    expect(first).toMatchObject(eight);
    expect(await desk.send(scheduling.book, book)).toEqual(first);
    expect(live()).toMatchObject([
      {
        id: first.eventId,
        calendarId: 'deliveries',
        startMs: Date.parse(eight.start),
        input: { location: book.location, extendedProperties: { private: { orderId: 'o-1' } } },
      },
    ]);
  });

  test('enters it once when Calendar did the work and never answered', async () => {
    calendar.faults.set([{ kind: 'timeoutAfterWork', count: 1 }]);
    expect(await desk.fail(scheduling.book, book)).toMatchObject({ code: 'ProviderFailed', retry: true });
    await desk.send(scheduling.book, book);
    expect(live()).toHaveLength(1);
  });

  test.each([
    { kind: 'fail', status: 503 },
    { kind: 'rateLimit', retryAfterSeconds: 3 },
  ] as const)('that meets $kind is worth another try', async (fault) => {
    calendar.faults.set([{ ...fault, count: 1 }]);
    const error = await desk.fail(scheduling.book, book);
    expect(error).toMatchObject(
      fault.kind === 'fail'
        ? { code: 'ProviderFailed', retry: true }
        : { code: 'ProviderThrottled', retryAfterMs: 3_000 },
    );
    expect(String(error.cause)).not.toContain('calendar-token');
    await clock.advance(error.retryAfterMs ?? 0);
    await desk.send(scheduling.book, book);
    expect(live()).toHaveLength(1);
  });

  test('without a hold is rejected', async () => {
    expect(await desk.fail(scheduling.book, { ...book, orderId: 'o-9' })).toMatchObject({
      reason: 'nothing_held',
    });
  });
});

describe('a cancellation', () => {
  test('takes the delivery out of the calendar and frees its place, once', async () => {
    await desk.send(scheduling.hold, hold);
    await desk.send(scheduling.book, book);
    await desk.send(scheduling.cancel, hold);
    await desk.send(scheduling.cancel, hold);
    expect(live()).toEqual([]);
    expect(await desk.state.get(dayKey(from))).toMatchObject({ slots: { 8: [] } });
  });

  test('that comes before hold and booking has both refused', async () => {
    await desk.send(scheduling.cancel, hold);
    expect(await desk.fail(scheduling.hold, hold)).toMatchObject({
      code: 'Rejected',
      reason: 'booking_cancelled',
    });
    expect(await desk.fail(scheduling.book, book)).toMatchObject({ reason: 'booking_cancelled' });
    expect(live()).toEqual([]);
  });

  test('that overtakes a booking under way has it refused', async () => {
    await desk.send(scheduling.hold, hold);
    calendar.faults.set([{ kind: 'slow', phase: 'before', method: 'POST', count: 1 }]);
    const booking = desk.fail(scheduling.book, book);
    await waiting();
    await desk.send(scheduling.cancel, hold);
    await clock.advance(1_000);
    expect(await booking).toMatchObject({ code: 'Rejected', reason: 'booking_cancelled' });
    expect(live()).toEqual([]);
  });

  test('that comes between the entry and its answer takes it out', async () => {
    await desk.send(scheduling.hold, hold);
    calendar.faults.set([{ kind: 'slow', phase: 'after', method: 'POST', count: 1 }]);
    const booking = desk.fail(scheduling.book, book);
    await waiting();
    await desk.send(scheduling.cancel, hold);
    await clock.advance(1_000);
    expect(await booking).toMatchObject({ reason: 'booking_cancelled' });
    expect(live()).toEqual([]);
  });

  test('goes on where it was when Calendar did the work and never answered', async () => {
    await desk.send(scheduling.hold, hold);
    await desk.send(scheduling.book, book);
    calendar.faults.set([{ kind: 'timeoutAfterWork', count: 1 }]);
    expect(await desk.fail(scheduling.cancel, hold)).toMatchObject({ code: 'ProviderFailed' });
    await desk.send(scheduling.cancel, hold);
    expect(live()).toEqual([]);
  });
});
