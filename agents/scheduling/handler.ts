import { type HandlerContext, type HandlersOf, rejected } from '../../shared/index.ts';
import { eventIdOf, openCalendar } from './calendar.ts';
import {
  type Booking,
  bookingKey,
  DAYS_AHEAD,
  type Day,
  dayKey,
  type SchedulingState,
  type scheduling,
} from './contract.ts';
import { dateOf, daysFrom, firstFree, withOrder, withoutOrder } from './slots.ts';

interface Wish {
  readonly orderId: string;
  readonly from: string;
}
interface Delivery {
  readonly orderId: string;
  readonly summary: string;
  readonly location?: string | undefined;
}
type Context = HandlerContext<SchedulingState>;

const keysOf = ({ orderId, from }: Wish) => [bookingKey(orderId), ...daysFrom(from).map(dayKey)];

/**
 * Who is in which slot is decided by `hold`, from the day's document and under the version that was read, before the calendar is told:
 * so no slot is overbooked, and a booking that is tried again is the same booking. A cancellation that overtakes either one is
 * recorded here and takes the event's id: what comes late is refused.
 */
export const handlers = {
  hold: { keys: keysOf, handle: hold },
  book: { keys: ({ orderId }) => [bookingKey(orderId)], handle: book },
  cancel: { keys: keysOf, handle: cancel },
} satisfies HandlersOf<typeof scheduling>;

function hold({ orderId, from }: Wish, ctx: Context) {
  const known = bookingOf(orderId, ctx);
  if (known?.status === 'cancelled') throw cancelled(orderId);
  if (known?.slot) return known.slot;
  const slot = firstFree(daysFrom(from), (date) => dayOf(date, ctx), ctx.now());
  if (!slot) throw rejected('no_slot', `no delivery slot is free in the ${DAYS_AHEAD} days from ${from}`);
  const date = dateOf(slot);
  ctx.state.set(dayKey(date), withOrder(dayOf(date, ctx), slot, orderId));
  ctx.state.set(bookingKey(orderId), { kind: 'booking', orderId, status: 'held', slot });
  return slot;
}

async function book(delivery: Delivery, ctx: Context) {
  const { orderId } = delivery;
  const known = bookingOf(orderId, ctx);
  if (known?.status === 'cancelled') throw cancelled(orderId);
  if (!known?.slot) throw rejected('nothing_held', `the order ${orderId} holds no delivery slot`);
  const { slot } = known;
  const eventId = eventIdOf(orderId);
  if (known.status === 'booked') return { eventId, ...slot };
  const calendar = await openCalendar(ctx);
  if (!(await calendar.book(delivery, slot))) throw cancelled(orderId);
  ctx.state.set(bookingKey(orderId), { ...known, status: 'booked' });
  return { eventId, ...slot };
}

async function cancel({ orderId, from }: Wish, ctx: Context) {
  const known = bookingOf(orderId, ctx);
  if (known?.status === 'cancelled') return { orderId };
  const slot = known?.slot;
  if (slot && !daysFrom(from).includes(dateOf(slot)))
    throw rejected('order_mismatch', `the order ${orderId} holds a slot of another week`, { field: 'from' });
  const calendar = await openCalendar(ctx);
  await calendar.cancel(orderId, slot ?? { start: `${from}T00:00:00.000Z`, end: `${from}T00:30:00.000Z` });
  ctx.state.set(bookingKey(orderId), { kind: 'booking', orderId, status: 'cancelled' });
  const day = slot && dayOf(dateOf(slot), ctx);
  if (slot && day) ctx.state.set(dayKey(day.date), withoutOrder(day, slot, orderId));
  return { orderId };
}

function bookingOf(orderId: string, ctx: Context): Booking | undefined {
  const document = ctx.state.get(bookingKey(orderId));
  return document?.kind === 'booking' ? document : undefined;
}

function dayOf(date: string, ctx: Context): Day | undefined {
  const document = ctx.state.get(dayKey(date));
  return document?.kind === 'day' ? document : undefined;
}

function cancelled(orderId: string) {
  return rejected('booking_cancelled', `the delivery of the order ${orderId} was cancelled before`);
}
