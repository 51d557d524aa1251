import { MeshError } from './errors.ts';

/**
 * Search attributes: a few flat values that a run is found by. They are fields of the run's document, indexed, and declared in the contract
 * of the workflow.
 *
 * - `keyword`: a text, found by its whole value.
 * - `keywords`: a list of texts, found by each of them.
 * - `number`, `date`: found by value and by range.
 * - `boolean`
 */
export type AttributeType = 'keyword' | 'keywords' | 'number' | 'boolean' | 'date';

export interface AttributeSpec {
  readonly type: AttributeType;
  /** The field of the input that a run's first value is taken from, such as `customer.id`. Left out: none, until the run sets one. */
  readonly from?: string;
}

/** The attributes of a workflow by name, each with its type, or with its type and the field of the input that it comes from. */
export type AttributeSpecs = Readonly<Record<string, AttributeType | AttributeSpec>>;

export type AttributeValue = string | number | boolean | Date | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

type TypeOf<Spec> = Spec extends { readonly type: infer Type } ? Type : Spec;
interface ValueByType {
  readonly keyword: string;
  readonly keywords: readonly string[];
  readonly number: number;
  readonly boolean: boolean;
  readonly date: Date;
}
/** The value of an attribute as it is declared. */
export type AttributeOf<Spec> =
  TypeOf<Spec> extends AttributeType ? ValueByType[TypeOf<Spec>] : AttributeValue;

/** Values to set; null removes one. */
export type AttributeChanges<Specs = AttributeSpecs> = {
  readonly [Name in keyof Specs]?: AttributeOf<Specs[Name]> | null;
};

/** What a list asks of an attribute: a value (of `keywords`: one of them), or a range, whose `before` is excluded. */
export type AttributeQuery<Spec = AttributeType> =
  TypeOf<Spec> extends AttributeType ? QueryOf<TypeOf<Spec>> : never;

type QueryOf<Type extends AttributeType> = Type extends 'number' | 'date'
  ? ValueByType[Type] | AttributeRange<ValueByType[Type]>
  : Type extends 'keywords'
    ? string
    : ValueByType[Type];

export interface AttributeRange<Value = number | Date> {
  readonly from?: Value;
  readonly before?: Value;
}

/** Of one text, in UTF-8: a third of what an index of Firestore tells apart (https://firebase.google.com/docs/firestore/quotas#indexes). */
const LONGEST_TEXT_BYTES = 500;
/** Texts of a `keywords`. */
const MOST_TEXTS = 20;
/** Attributes of a workflow. Each is indexed. */
export const MOST_ATTRIBUTES = 20;

/** The field of a run's document that holds an attribute. */
export const attributeField = (name: string) => `attributes.${name}`;

export const specOf = (spec: AttributeType | AttributeSpec): AttributeSpec =>
  typeof spec === 'string' ? { type: spec } : spec;

/**
 * A value as it is kept: dates given as RFC 3339 are dates, -0 is 0.
 *
 * @param field of the error
 * @throws MeshError `SchemaMismatch` for a value of another type, or over a limit
 */
export function attributeValue(
  type: AttributeType,
  value: unknown,
  what: string,
  field: string,
): AttributeValue {
  const refused = (rule: string) => new MeshError('SchemaMismatch', `${what}: ${field}: ${rule}`, { field });
  const text = (each: unknown): string => {
    if (typeof each !== 'string') throw refused('must be a text');
    if (!each.isWellFormed()) throw refused('is no well-formed Unicode');
    if (Buffer.byteLength(each) > LONGEST_TEXT_BYTES) throw refused(`has over ${LONGEST_TEXT_BYTES} bytes`);
    return each;
  };
  switch (type) {
    case 'keyword':
      return text(value);
    case 'keywords':
      if (!Array.isArray(value)) throw refused('must be a list of texts');
      if (value.length > MOST_TEXTS) throw refused(`has over ${MOST_TEXTS} texts`);
      return [...new Set(value.map(text))];
    case 'number':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw refused('must be a finite number');
      return value === 0 ? 0 : value;
    case 'boolean':
      if (typeof value !== 'boolean') throw refused('must be true or false');
      return value;
    case 'date': {
      const date = dateOf(value);
      if (!date) throw refused('must be a date of the years 1 to 9999, or a text of RFC 3339');
      return date;
    }
  }
}

const RFC3339 = /^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d))?$/;
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00.000Z');
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z');

function dateOf(value: unknown): Date | undefined {
  const given = typeof value === 'string' && RFC3339.test(value) ? new Date(value) : value;
  if (!(given instanceof Date)) return undefined;
  const ms = given.getTime();
  return ms >= EARLIEST_MS && ms <= LATEST_MS ? new Date(ms) : undefined;
}

/**
 * The attributes that a run begins with, taken from its parsed input. A field that is not there, or null, gives none.
 *
 * @throws MeshError `SchemaMismatch` naming the field of the input
 */
export function attributesFrom(specs: AttributeSpecs, input: unknown, what: string): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, each] of Object.entries(specs)) {
    const { type, from } = specOf(each);
    const value = from === undefined ? undefined : valueAt(input, from);
    if (value !== undefined && value !== null)
      attributes[name] = attributeValue(type, value, what, from ?? name);
  }
  return attributes;
}

function valueAt(input: unknown, path: string): unknown {
  let value = input;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
