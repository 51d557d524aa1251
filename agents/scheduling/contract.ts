import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

const OrderId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);

/** How many days, the wished one included, are looked at for a free slot. */
export const DAYS_AHEAD = 7;
/** When deliveries leave: the hour (UTC) at which each slot begins. */
export const SLOT_HOURS = [8, 10, 12, 14, 16, 18] as const;
export const SLOT_LENGTH_HOURS = 2;
/** How many deliveries one slot holds. */
export const SLOT_CAPACITY = 20;

const Slot = z.object({
  /** RFC 3339, UTC. */
  start: z.string(),
  end: z.string(),
});
export type Slot = z.infer<typeof Slot>;

/** The deliveries of one day: which orders are in which slot, by the hour at which it begins. */
export const Day = z.object({
  kind: z.literal('day'),
  date: z.string(),
  slots: z.record(z.string(), z.array(z.string())),
});
export type Day = z.infer<typeof Day>;

/** An order's delivery. Once cancelled it stays so: a hold or a booking that comes late finds it so and is refused. */
export const Booking = z.object({
  kind: z.literal('booking'),
  orderId: z.string(),
  status: z.enum(['held', 'booked', 'cancelled']),
  /** None where it was cancelled. */
  slot: Slot.optional(),
});
export type Booking = z.infer<typeof Booking>;

export const SchedulingState = z.discriminatedUnion('kind', [Day, Booking]);
export type SchedulingState = z.infer<typeof SchedulingState>;

/** Keys of the state documents. */
export const dayKey = (date: string) => `day:${date}`;
export const bookingKey = (orderId: string) => `order:${orderId}`;

export const scheduling = defineAgent({
  name: 'scheduling',
  description: 'Books each order a delivery slot in the calendar, and cancels it.',
  commands: {
    /** Keeps the order a place in the first slot that is free: which of two orders gets the last one is decided here. */
    hold: {
      input: z.object({
        orderId: OrderId,
        /** The first day that will do, UTC. */
        from: z.iso.date(),
      }),
      output: Slot,
    },
    /** Enters the delivery into the calendar, in the slot that the order holds. */
    book: {
      mode: 'effect',
      input: z.object({
        orderId: OrderId,
        summary: z.string().min(1).max(300),
        location: z.string().max(500).optional(),
      }),
      output: Slot.extend({ eventId: z.string() }),
    },
    /** Gives back what the order holds and has booked, or may have. */
    cancel: {
      mode: 'effect',
      /** `from` is that of the hold. */
      input: z.object({ orderId: OrderId, from: z.iso.date() }),
      output: z.object({ orderId: z.string() }),
    },
  },
  secrets: ['calendar-access-token'],
  settings: ['CALENDAR_API_BASE', 'DELIVERY_CALENDAR'],
  providers: {
    calendar: { breaker: { failures: 5, within: '10s', open: '2s', maxOpen: '30s' }, bulkhead: 10 },
  },
  state: { schema: SchedulingState },
  limits: { timeout: '6s' },
  retry: { minBackoff: '200ms', maxBackoff: '60s', maxAttempts: 20 },
});
