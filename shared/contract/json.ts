import { type ErrorCode, MeshError } from './errors.ts';

/** A value that JSON can carry. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * The type that a value has once JSON has carried it: a `Date` is a text, a field that JSON leaves out is not there, and what JSON refuses is `never`.
 *
 * @example
 * type Rates = Jsonify<{ at: Date; rates: Map<string, number> }>; // { at: string; rates: never }
 */
export type Jsonify<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends bigint | symbol | ((...given: never[]) => unknown)
      ? never
      : T extends { toJSON(...given: never[]): infer Carried }
        ? Jsonify<Carried>
        : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | ArrayBufferView
          ? never
          : { [K in keyof T]: Jsonify<T[K]> };

/** Levels of lists and objects within one another that the data of a message may have: a few less exhaust no stack anywhere. */
export const DEEPEST_DATA = 200;
/** Levels of a value that code hands over. Less: in a reply or a signal the value stands some levels deeper. */
const DEEPEST_VALUE = 190;

/**
 * A copy of the value as every receiver will see it, or an error that names the first part which JSON does not carry. A value with a
 * `toJSON` of its own, such as a `Date` or a `URL`, is carried as what that returns. A field that is `undefined` is left out, as if it
 * were not there; `undefined` itself is `null`, and -0 is 0. Refused, because a receiver would see something else or nothing:
 * a `bigint`, a function, a symbol, NaN and the infinities, `undefined` in a list, a `Map`, a `Set`, bytes, an instance of any other
 * class, the key `__proto__`, and what is circular or over 190 levels deep.
 *
 * @param code of the error
 * @param what whose value it is, for the error
 * @throws MeshError with the path of the part as its `field`
 */
export function toJson(value: unknown, code: ErrorCode = 'SchemaMismatch', what = 'the value'): Json {
  return value === undefined ? null : new JsonCopy(code, what, DEEPEST_VALUE).of(value);
}

/** A copy of what the mesh itself sends: payloads that were taken before, some levels deeper. */
export function messageJson(value: object): Json {
  return new JsonCopy('SchemaMismatch', 'the message', DEEPEST_DATA).of(value);
}

class JsonCopy {
  readonly #code: ErrorCode;
  readonly #what: string;
  readonly #deepest: number;
  readonly #path: (string | number)[] = [];

  constructor(code: ErrorCode, what: string, deepest: number) {
    this.#code = code;
    this.#what = what;
    this.#deepest = deepest;
  }

  of(value: unknown): Json {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        if (!Number.isFinite(value)) throw this.#refusal(`${value} is no number of JSON`, 'null or a text');
        return value === 0 ? 0 : value;
      case 'object':
        return value === null ? null : this.#object(value);
      case 'bigint':
        throw this.#refusal('JSON carries no bigint', 'a text: String(value)');
      default:
        throw this.#refusal(`JSON carries no ${typeof value}`, 'null, or leave it out');
    }
  }

  #object(value: object): Json {
    if (this.#path.length >= this.#deepest)
      throw this.#refusal(`it is circular, or over ${this.#deepest} levels deep`, 'a flatter value');
    if (Array.isArray(value)) return this.#list(value);
    if (ArrayBuffer.isView(value)) throw this.#refusal('JSON carries no bytes', 'a text in base64');
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === 'function') return this.#own(value);
    if (!isPlain(value))
      throw this.#refusal(`JSON carries no ${className(value)}`, 'a plain object or a list');
    return this.#fields(value);
  }

  #own(value: object): Json {
    const carried = (value as { toJSON(key: string): unknown }).toJSON(String(this.#path.at(-1) ?? ''));
    if (carried === null && value instanceof Date) throw this.#refusal('the date is none', 'a valid date');
    if (typeof carried !== 'object' || carried === null) return this.of(carried);
    return Array.isArray(carried) ? this.#list(carried) : this.#fields(carried);
  }

  #list(values: readonly unknown[]): Json {
    const list: Json[] = [];
    for (let at = 0; at < values.length; at++) {
      this.#path.push(at);
      list.push(this.of(values[at]));
      this.#path.pop();
    }
    return list;
  }

  #fields(value: object): Json {
    const fields: { [key: string]: Json } = {};
    for (const [key, part] of Object.entries(value)) {
      if (part === undefined) continue;
      this.#path.push(key);
      if (key === '__proto__') throw this.#refusal('the key is taken for something else', 'another key');
      fields[key] = this.of(part);
      this.#path.pop();
    }
    return fields;
  }

  #refusal(rule: string, instead: string): MeshError {
    // A circle goes on for ever: its beginning tells.
    const path = this.#path.slice(0, 20).join('.').toWellFormed();
    const field = path === '' ? 'data' : path;
    return new MeshError(this.#code, `${this.#what}: ${field}: ${rule}`, {
      field,
      hint: `Hand over ${instead} instead.`,
    });
  }
}

/** Made by `{}`, by `JSON.parse` or by `Object.create(null)`, in whatever realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function className(value: object): string {
  const { constructor: made } = value;
  return (typeof made === 'function' && made.name) || 'instance of a class';
}
