import { type FieldPath, isDocumentName } from './field-path.ts';
import type { Micros } from './time.ts';
import { EMPTY_FIELDS, type Fields, type Value } from './value.ts';

/** One version of a document. Immutable: a write makes another one. */
export interface Document {
  /** Its path in the database, `orders/o1`. */
  readonly path: string;
  readonly fields: Fields;
  readonly createTime: Micros;
  readonly updateTime: Micros;
  /** Bytes, as Firestore counts them (limits.ts). */
  readonly size: number;
}

/** The value of a field, however deep; undefined when there is none. */
export function fieldAt(fields: Fields, field: FieldPath): Value | undefined {
  let value: Value | undefined;
  let within: Fields | undefined = fields;
  for (const name of field) {
    value = within?.get(name);
    within = value?.type === 'map' ? value.fields : undefined;
    if (!value) return undefined;
  }
  return value;
}

/** The fields with one more set. Whatever is in the way that is not a map is replaced by one. */
export function withField(fields: Fields, field: FieldPath, value: Value): Fields {
  const [name, ...rest] = field;
  if (name === undefined) return fields;
  const copy = new Map(fields);
  if (rest.length === 0) return copy.set(name, value);
  const child = fields.get(name);
  const within = child?.type === 'map' ? child.fields : EMPTY_FIELDS;
  return copy.set(name, { type: 'map', fields: withField(within, rest, value) });
}

/** The fields without one. Maps that become empty stay; a path through something that is not a map changes nothing. */
export function withoutField(fields: Fields, field: FieldPath): Fields {
  const [name, ...rest] = field;
  const child = name === undefined ? undefined : fields.get(name);
  if (name === undefined || !child) return fields;
  if (rest.length > 0 && child.type !== 'map') return fields;
  const copy = new Map(fields);
  if (rest.length === 0 || child.type !== 'map') copy.delete(name);
  else copy.set(name, { type: 'map', fields: withoutField(child.fields, rest) });
  return copy;
}

/** Only the named fields, as a mask or a projection asks; `__name__` alone gives a document without fields. */
export function project(fields: Fields, mask: readonly FieldPath[]): Fields {
  let projected = EMPTY_FIELDS;
  for (const field of mask) {
    if (isDocumentName(field)) continue;
    const value = fieldAt(fields, field);
    if (value) projected = withField(projected, field, value);
  }
  return projected;
}
