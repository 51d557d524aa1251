import { DAYS_AHEAD, type Day, SLOT_CAPACITY, SLOT_HOURS, SLOT_LENGTH_HOURS, type Slot } from './contract.ts';

const HOUR_MS = 3_600_000;

/** The days that are looked at, the first one included. UTC. */
export function daysFrom(date: string): string[] {
  const first = Date.parse(`${date}T00:00:00Z`);
  return Array.from({ length: DAYS_AHEAD }, (_, day) =>
    new Date(first + day * 24 * HOUR_MS).toISOString().slice(0, 10),
  );
}

/** The day that a slot is on, and the hour by which the day's document names it. */
export function placeOf({ start }: Slot): { readonly date: string; readonly hour: string } {
  return { date: start.slice(0, 10), hour: String(new Date(start).getUTCHours()) };
}

/** Whether the slot has room for the order, or holds it already. */
export function hasRoom(day: Day | undefined, hour: string, orderId: string): boolean {
  const held = day?.slots[hour] ?? [];
  return held.includes(orderId) || held.length < SLOT_CAPACITY;
}

/** The first slot after `now` that has room, on one of the days. */
export function firstFree(
  dates: readonly string[],
  dayOf: (date: string) => Day | undefined,
  orderId: string,
  now: Date,
): Slot | undefined {
  for (const date of dates) {
    for (const hour of SLOT_HOURS) {
      const slot = slotAt(date, hour);
      if (Date.parse(slot.start) > now.getTime() && hasRoom(dayOf(date), String(hour), orderId)) return slot;
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
  const { date, hour } = placeOf(slot);
  const held = day?.slots[hour] ?? [];
  if (day && held.includes(orderId)) return day;
  return { kind: 'day', date, slots: { ...day?.slots, [hour]: [...held, orderId] } };
}

export function withoutOrder(day: Day, slot: Slot, orderId: string): Day {
  const { hour } = placeOf(slot);
  return { ...day, slots: { ...day.slots, [hour]: (day.slots[hour] ?? []).filter((id) => id !== orderId) } };
}
