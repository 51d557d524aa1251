import type { Attributes, AttributeValue } from '../contract/attributes.ts';
import type { Json } from '../contract/json.ts';
import type { AttributesEntry, Entry } from './entry.ts';

export function encodeAttributes(changes: Readonly<Record<string, AttributeValue | null>>): AttributesEntry {
  return Object.fromEntries(
    Object.entries(changes).map(([name, value]): [string, Json] => {
      if (value instanceof Date) return [name, { date: value.toISOString() }];
      return [name, typeof value === 'object' && value !== null ? [...value] : value];
    }),
  );
}

/** As the run's document holds them. Undefined: there are none. */
export function decodeAttributes(attributes: AttributesEntry): Attributes | undefined {
  const entries = Object.entries(attributes);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, value]) => [name, decoded(value)]));
}

function decoded(value: Json): AttributeValue {
  if (typeof value !== 'object' || value === null) return value ?? '';
  return Array.isArray(value) ? value.map(String) : new Date(String(value.date));
}

/** The attributes after a change; null removes one. */
export function changed(attributes: AttributesEntry, changes: AttributesEntry): AttributesEntry {
  return Object.fromEntries(
    Object.entries({ ...attributes, ...changes }).filter(([, value]) => value !== null),
  );
}

/** What a history says of the attributes. */
export function attributesIn(history: readonly Entry[]): AttributesEntry {
  let attributes: AttributesEntry = {};
  for (const entry of history) {
    if (entry.e === 'started') attributes = entry.attributes ?? {};
    else if (entry.e === 'step' && entry.op === 'setAttributes') attributes = changed(attributes, entry.set);
  }
  return attributes;
}
