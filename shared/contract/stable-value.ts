import { isDeepStrictEqual } from 'node:util';
import type * as z from 'zod';
import { type ErrorCode, MeshError } from './errors.ts';
import { type Json, toJson } from './json.ts';
import { parseAs } from './parse.ts';

/**
 * The value to be kept and sent in place of `raw`, which the schema parses to the same each time: whatever replays it, and whenever. What
 * the schema fills in by itself is in it, so that a default such as `() => randomUUID()` is asked for once (docs/decisions/0038). It is `raw` itself
 * for a schema that fills in nothing.
 *
 * @throws MeshError with `code` for a value that does not fit, or that the schema makes something else of each time
 */
export function stableValue(
  schema: z.ZodType,
  raw: Json | undefined,
  code: ErrorCode,
  what: string,
): Json | undefined {
  const parsed = parseAs(schema, raw, code, what);
  if (isSteady(schema)) return raw;
  let again: unknown;
  for (const candidate of [filled(raw, parsed), jsonOf(parsed)]) {
    const result = schema.safeParse(candidate);
    if (result.success && isDeepStrictEqual(result.data, parsed)) return candidate;
    again ??= result.data;
  }
  const field = differenceOf(parsed, again).join('.') || 'data';
  throw new MeshError(code, `${what}: ${field}: its schema makes another value of it each time`, {
    field,
    hint: 'Use a constant default, or make the value in the code: wf.uuid(), wf.now(), wf.random().',
  });
}

/** The value with what the schema filled in, where JSON can carry that. */
function filled(raw: Json | undefined, parsed: unknown): Json | undefined {
  if (raw === undefined) return jsonOf(parsed);
  if (typeof raw !== 'object' || raw === null || typeof parsed !== 'object' || parsed === null) return raw;
  if (Array.isArray(raw))
    return Array.isArray(parsed) ? raw.map((item, at) => filled(item, parsed[at]) ?? null) : raw;
  if (Array.isArray(parsed)) return raw;
  const fields = Object.entries(parsed).map(([name, part]): [string, Json | undefined] => [
    name,
    Object.hasOwn(raw, name) ? filled(raw[name], part) : jsonOf(part),
  ]);
  const known = fields.filter((field): field is [string, Json] => field[1] !== undefined);
  return { ...raw, ...Object.fromEntries(known) };
}

function jsonOf(value: unknown): Json | undefined {
  if (value === undefined) return undefined;
  try {
    return toJson(value);
  } catch {
    return undefined;
  }
}

/** The path of the first part in which two values differ. */
function differenceOf(one: unknown, other: unknown): string[] {
  if (!isFields(one) || !isFields(other)) return [];
  for (const [name, part] of Object.entries(one))
    if (!isDeepStrictEqual(part, other[name])) return [name, ...differenceOf(part, other[name])];
  return [];
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Date);
}

/** Schemas that only check, and leave out what they don't know: with their parts, and where those stand. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  ...{ string: [], number: [], int: [], boolean: [], bigint: [], null: [], undefined: [], void: [] },
  ...{ any: [], unknown: [], never: [], literal: [], enum: [], date: [], custom: [], template_literal: [] },
  ...{
    array: ['element'],
    object: ['shape', 'catchall'],
    record: ['keyType', 'valueType'],
    set: ['valueType'],
  },
  ...{
    map: ['keyType', 'valueType'],
    tuple: ['items', 'rest'],
    union: ['options'],
    intersection: ['left', 'right'],
  },
  ...{
    optional: ['innerType'],
    nullable: ['innerType'],
    nonoptional: ['innerType'],
    readonly: ['innerType'],
  },
};
const steady = new WeakMap<object, boolean>();

/** Whether the schema fills in and transforms nothing: parsing a value again makes the same of it. */
function isSteady(schema: z.ZodType): boolean {
  const known = steady.get(schema);
  if (known !== undefined) return known;
  const found = isSteadyPart(schema, new Set());
  steady.set(schema, found);
  return found;
}

/** @param part a schema, or a list or an object of them */
function isSteadyPart(part: unknown, seen: Set<unknown>): boolean {
  if (typeof part !== 'object' || part === null || seen.has(part)) return true;
  seen.add(part);
  const { def } = part as { readonly def?: Definition };
  if (typeof def?.type !== 'string') return Object.values(part).every((each) => isSteadyPart(each, seen));
  if (def.type === 'lazy') return isSteadyPart(def.getter?.(), seen);
  if (def.checks?.some(({ _zod }) => _zod.def.check === 'overwrite')) return false;
  const parts = Object.hasOwn(PARTS, def.type) ? PARTS[def.type] : undefined;
  return parts?.every((name) => isSteadyPart(def[name], seen)) ?? false;
}

/** Of a schema of zod's. */
interface Definition {
  readonly type?: unknown;
  readonly getter?: () => unknown;
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly check: string } } }[];
  readonly [name: string]: unknown;
}
