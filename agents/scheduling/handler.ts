import { type HandlerContext, type HandlersOf, rejected } from '../../shared/index.ts';
import { type DeliveryCalendar, eventIdOf, openCalendar } from './calendar.ts';
import {
  type Booking,
  bookingKey,
  DAYS_AHEAD,
  type Day,
  dayKey,
  type SchedulingState,
  type Slot,
  type scheduling,
} from './contract.ts';
import { daysFrom, firstFree, hasRoom, placeOf, withOrder, withoutOrder } from './slots.ts';

interface OrderDay {
  readonly orderId: string;
  readonly from: string;
}
interface Wish extends OrderDay {
  readonly summary: string;
  readonly location?: string | undefined;
}

const keysOf = ({ orderId, from }: OrderDay) => [bookingKey(orderId), ...daysFrom(from).map(dayKey)];

/**
 * The day's document decides who is in which slot, under the version that was read; the calendar shows it. An order has one event,
 * ever: a cancellation that overtakes its booking takes the event's id, and the booking, however late, finds it gone.
 */
export const handlers = {
  book: { keys: keysOf, handle: book },
  cancel: { keys: keysOf, handle: cancel },
} satisfies HandlersOf<typeof scheduling>;

async function book(wish: Wish, ctx: HandlerContext<SchedulingState>) {
  const { orderId, from } = wish;
  const known = bookingOf(orderId, ctx);
  if (known?.status === 'cancelled') throw cancelled(orderId);
  if (known?.slot) return { eventId: eventIdOf(orderId), ...known.slot };
  const dates = daysFrom(from);
  const free = firstFree(dates, (date) => dayOf(date, ctx), orderId, ctx.now());
  if (!free) throw rejected('no_slot', `no delivery slot is free in the ${DAYS_AHEAD} days from ${from}`);
  const slot = await settle(await openCalendar(ctx), wish, free, ctx);
  ctx.state.set(bookingKey(orderId), { kind: 'booking', orderId, status: 'booked', slot });
  const { date } = placeOf(slot);
  ctx.state.set(dayKey(date), withOrder(dayOf(date, ctx), slot, orderId));
  return { eventId: eventIdOf(orderId), ...slot };
}

/** The slot that the order's event is in: of an earlier attempt whose answer was lost, if that slot still has room. */
async function settle(
  calendar: DeliveryCalendar,
  wish: Wish,
  free: Slot,
  ctx: HandlerContext<SchedulingState>,
): Promise<Slot> {
  const event = await calendar.book(wish, free);
  if (event.status === 'cancelled') throw cancelled(wish.orderId);
  const { date, hour } = placeOf(event.slot);
  if (daysFrom(wish.from).includes(date) && hasRoom(dayOf(date, ctx), hour, wish.orderId)) return event.slot;
  await calendar.move(event.eventId, free);
  return free;
}

async function cancel({ orderId, from }: OrderDay, ctx: HandlerContext<SchedulingState>) {
  const known = bookingOf(orderId, ctx);
  if (known?.status === 'cancelled') return { orderId };
  const dates = daysFrom(from);
  const slot = known?.slot;
  if (slot && !dates.includes(placeOf(slot).date))
    throw rejected('order_mismatch', `the order ${orderId} is booked for another week`, { field: 'from' });
  const calendar = await openCalendar(ctx);
  await calendar.cancel(orderId, slot ?? { start: `${from}T00:00:00.000Z`, end: `${from}T00:30:00.000Z` });
  ctx.state.set(bookingKey(orderId), { kind: 'booking', orderId, status: 'cancelled' });
  const day = slot && dayOf(placeOf(slot).date, ctx);
  if (slot && day) ctx.state.set(dayKey(day.date), withoutOrder(day, slot, orderId));
  return { orderId };
}

function bookingOf(orderId: string, ctx: HandlerContext<SchedulingState>): Booking | undefined {
  const document = ctx.state.get(bookingKey(orderId));
  return document?.kind === 'booking' ? document : undefined;
}

function dayOf(date: string, ctx: HandlerContext<SchedulingState>): Day | undefined {
  const document = ctx.state.get(dayKey(date));
  return document?.kind === 'day' ? document : undefined;
}

function cancelled(orderId: string) {
  return rejected('booking_cancelled', `the delivery of the order ${orderId} was cancelled before`);
}
