import type * as z from 'zod';

/** A part of a schema that takes no value that JSON carries. */
export interface WireProblem {
  /** The path of the part: `.lines[].at`; empty for the schema itself. */
  readonly at: string;
  readonly is: string;
}

/** Kinds of schema whose every value is lost in JSON, and what to use instead. */
const UNCARRIED: Readonly<Record<string, string>> = {
  date: 'is a Date, which JSON does not carry: use z.iso.datetime(), or z.coerce.date()',
  bigint: 'is a bigint, which JSON does not carry: use z.string(), or z.coerce.bigint()',
  map: 'is a Map, which JSON does not carry: use z.record()',
  set: 'is a Set, which JSON does not carry: use z.array()',
  symbol: 'is a symbol, which JSON does not carry: use z.enum()',
  function: 'is a function, which JSON does not carry: leave it out',
  promise: 'is a promise, which JSON does not carry: use the schema of its value',
  file: 'is a File, which JSON does not carry: use z.string() with a reference to it',
  nan: 'is NaN, which JSON does not carry: use z.null()',
};

/**
 * The parts of `schema` that no message can fill. What goes over the wire is what the schema takes (`z.input`), as JSON: inputs and
 * outputs alike are parsed by their schema where they arrive. A part that has another way to be filled, such as a union with a string, is none.
 *
 * @example wireProblems(z.object({ at: z.date() })); // [{ at: '.at', is: 'is a Date, …' }]
 */
export function wireProblems(schema: z.ZodType): WireProblem[] {
  if (isSchema(schema) && (schema.def.type === 'undefined' || schema.def.type === 'void'))
    return [{ at: '', is: 'is undefined, which JSON does not carry: leave the schema out, or use z.null()' }];
  return problemsOf(schema, '', new Set());
}

/** A schema of zod's, as far as it is read here. */
interface ReadSchema {
  readonly def: { readonly type: string; readonly [name: string]: unknown };
  readonly _zod: { readonly bag: object };
}

function problemsOf(schema: unknown, at: string, above: ReadonlySet<unknown>): WireProblem[] {
  if (!isSchema(schema) || above.has(schema)) return [];
  const { def } = schema;
  const within = new Set(above).add(schema);
  const part = (inner: unknown, name = '') => problemsOf(inner, `${at}${name}`, within);
  // Whatever comes is made into one.
  if (def.coerce === true) return [];
  const uncarried = Object.hasOwn(UNCARRIED, def.type) ? UNCARRIED[def.type] : undefined;
  if (uncarried !== undefined) return [{ at, is: uncarried }];
  switch (def.type) {
    case 'object': {
      const fields = Object.entries(def.shape as Record<string, unknown>);
      return [...fields.flatMap(([name, field]) => part(field, `.${name}`)), ...part(def.catchall, '.*')];
    }
    case 'array':
      return part(def.element, '[]');
    case 'tuple':
      return [
        ...(def.items as readonly unknown[]).flatMap((item, index) => part(item, `[${index}]`)),
        ...part(def.rest, '[]'),
      ];
    case 'record':
      return part(def.valueType, '.*');
    case 'union': {
      const options = (def.options as readonly unknown[]).map((option) => part(option));
      // One way to fill it is enough. Where there is none, the first says why.
      return options.some((problems) => problems.length === 0) ? [] : (options[0] ?? []);
    }
    case 'intersection':
      return [...part(def.left), ...part(def.right)];
    case 'lazy':
      return part((def.getter as () => unknown)());
    case 'pipe':
      return part(def.in);
    case 'custom':
      return instanceProblem(schema, at);
    default:
      return part(def.innerType);
  }
}

/** `z.instanceof(Class)` takes instances alone; any other custom schema may take anything. */
function instanceProblem(schema: ReadSchema, at: string): WireProblem[] {
  const made: unknown = 'Class' in schema._zod.bag ? schema._zod.bag.Class : undefined;
  if (typeof made !== 'function') return [];
  return [{ at, is: `is an instance of ${made.name}, which JSON does not carry: use z.object()` }];
}

function isSchema(value: unknown): value is ReadSchema {
  return typeof value === 'object' && value !== null && 'def' in value && '_zod' in value;
}
