import type * as z from 'zod';
import { MeshError } from './errors.ts';
import { parseAs } from './parse.ts';

/**
 * Baggage: small facts that travel with a message to all that follows from it, such as the user on whose behalf it was sent. Each is an
 * attribute `baggage-<name>` of the message, in the clear.
 */
export type Baggage = Readonly<Record<string, string>>;

/** A fact that baggage may hold, with its schema. */
export interface BaggageItem<Value = unknown> {
  readonly name: string;
  readonly schema: z.ZodType<Value, string>;
  /**
   * The fact with this value, to be sent.
   *
   * @throws MeshError `BaggageInvalid`
   */
  of(value: string): BaggageEntry;
}

export interface BaggageEntry {
  readonly name: string;
  readonly value: string;
}

/** The baggage of a message, as handlers and workflows read it. */
export interface BaggageView {
  /**
   * The fact; undefined where the message has none of that name.
   *
   * @throws MeshError `BaggageInvalid` for a value that does not fit its schema
   */
  get<Value>(item: BaggageItem<Value>): Value | undefined;
  /** All facts, unchecked. */
  readonly all: Baggage;
}

const PREFIX = 'baggage-';
const NAME = /^[a-z][a-z0-9]{0,31}$/;
/** Of the 100 attributes that Pub/Sub takes, and the 1,024 bytes of a value (https://cloud.google.com/pubsub/quotas#resource_limits). */
const MOST_ITEMS = 16;
const MOST_VALUE_BYTES = 256;

/**
 * Declares a fact of the baggage, once for the whole mesh. A value is text; its schema may make another type of it.
 *
 * @throws MeshError `BaggageInvalid` for a name that is not 1 to 32 lower-case letters and digits, beginning with a letter
 * @example
 * export const user = defineBaggage('user', z.string().max(64));
 * ctx.send(payments.charge, input, { baggage: [user.of('u-1')] });
 * ctx.baggage.get(user); // 'u-1' in the handler of payments.charge, and in all that follows from it
 */
export function defineBaggage<Value>(name: string, schema: z.ZodType<Value, string>): BaggageItem<Value> {
  if (!NAME.test(name)) {
    const rule = 'a name has 1 to 32 lower-case letters and digits, and begins with a letter';
    throw invalid(name, `${JSON.stringify(name)} is no name of baggage: ${rule}`);
  }
  return {
    name,
    schema,
    of: (value) => {
      checkValue(name, value);
      parseAs(schema, value, 'BaggageInvalid', `the baggage ${name}`);
      return { name, value };
    },
  };
}

/** Reads the facts of a message, each by its schema. */
export function baggageView(baggage: Baggage = {}): BaggageView {
  return {
    all: baggage,
    get: <Value>({ name, schema }: BaggageItem<Value>) => {
      const value = Object.hasOwn(baggage, name) ? baggage[name] : undefined;
      if (value === undefined) return undefined;
      return parseAs(schema, value, 'BaggageInvalid', `the baggage ${name}`);
    },
  };
}

/**
 * The baggage with more facts; a fact of a name that is there replaces it.
 *
 * @throws MeshError `BaggageInvalid` for more than 16 facts
 */
export function withBaggage(
  baggage: Baggage | undefined,
  entries: readonly BaggageEntry[],
): Baggage | undefined {
  if (entries.length === 0) return baggage;
  const all = { ...baggage, ...Object.fromEntries(entries.map(({ name, value }) => [name, value])) };
  for (const { name, value } of entries) {
    if (!NAME.test(name)) throw invalid(name, `${JSON.stringify(name)} is no name of baggage`);
    checkValue(name, value);
  }
  checkCount(all);
  return all;
}

/** Baggage as attributes. */
export function baggageAttributes(baggage: Baggage): Record<string, string> {
  return Object.fromEntries(Object.entries(baggage).map(([name, value]) => [`${PREFIX}${name}`, value]));
}

/**
 * The baggage among the attributes of a message; undefined where there is none.
 *
 * @throws MeshError `BaggageInvalid` naming the attribute
 */
export function readBaggage(attributes: Readonly<Record<string, string>>): Baggage | undefined {
  let baggage: Record<string, string> | undefined;
  for (const attribute in attributes) {
    if (!attribute.startsWith(PREFIX)) continue;
    const name = attribute.slice(PREFIX.length);
    const value = attributes[attribute] ?? '';
    if (!NAME.test(name)) throw invalid(attribute, `${JSON.stringify(name)} is no name of baggage`);
    checkValue(name, value);
    baggage ??= {};
    baggage[name] = value;
  }
  if (baggage) checkCount(baggage);
  return baggage;
}

function checkValue(name: string, value: string): void {
  if (typeof value !== 'string' || !value.isWellFormed() || Buffer.byteLength(value) > MOST_VALUE_BYTES)
    throw invalid(name, `the baggage ${name} is not text of at most ${MOST_VALUE_BYTES} bytes`);
}

function checkCount(baggage: Baggage): void {
  const count = Object.keys(baggage).length;
  if (count > MOST_ITEMS)
    throw invalid('baggage', `a message may have ${MOST_ITEMS} facts in its baggage, not ${count}`);
}

function invalid(field: string, message: string): MeshError {
  return new MeshError('BaggageInvalid', message, { field });
}
