import { DAYS_AHEAD, type Day, SLOT_CAPACITY, SLOT_HOURS, SLOT_LENGTH_HOURS, type Slot } from './contract.ts';

const HOUR_MS = 3_600_000;

/** The days that are looked at, the first one included. UTC. */
export function daysFrom(date: string): string[] {
  const first = Date.parse(`${date}T00:00:00Z`);
  return Array.from({ length: DAYS_AHEAD }, (_, day) =>
    new Date(first + day * 24 * HOUR_MS).toISOString().slice(0, 10),
  );
}

export const dateOf = ({ start }: Slot) => start.slice(0, 10);

/** The hour by which the day's document names the slot. */
const hourOf = ({ start }: Slot) => String(new Date(start).getUTCHours());

/** The first slot after `now` that has room, on one of the days. */
export function firstFree(
  dates: readonly string[],
  dayOf: (date: string) => Day | undefined,
  now: Date,
): Slot | undefined {
  for (const date of dates) {
    for (const hour of SLOT_HOURS) {
      const slot = slotAt(date, hour);
      const held = dayOf(date)?.slots[String(hour)] ?? [];
      if (Date.parse(slot.start) > now.getTime() && held.length < SLOT_CAPACITY) return slot;
    }
  }
  return undefined;
}

function slotAt(date: string, hour: number): Slot {
  const startMs = Date.parse(`${date}T00:00:00Z`) + hour * HOUR_MS;
  const endMs = startMs + SLOT_LENGTH_HOURS * HOUR_MS;
  return { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() };
}

/** The day with the order in the slot. */
export function withOrder(day: Day | undefined, slot: Slot, orderId: string): Day {
  const hour = hourOf(slot);
  const slots = { ...day?.slots, [hour]: [...(day?.slots[hour] ?? []), orderId] };
  return { kind: 'day', date: dateOf(slot), slots };
}

export function withoutOrder(day: Day, slot: Slot, orderId: string): Day {
  const hour = hourOf(slot);
  return { ...day, slots: { ...day.slots, [hour]: (day.slots[hour] ?? []).filter((id) => id !== orderId) } };
}
