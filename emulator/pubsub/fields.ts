import { StatusError } from '../wire/status.ts';

/**
 * Reads a decoded protocol message.
 * @throws StatusError INVALID_ARGUMENT naming the path of a field that is of another type (I11).
 */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(value: unknown, path = '') {
    this.#path = path;
    if (!isRecord(value)) throw wrongType(path || 'the request', 'an object');
    this.#values = value;
  }

  /** The value itself; undefined when absent or null. */
  value(name: string): unknown {
    return this.#values[name] ?? undefined;
  }

  /** The path of a field, for messages. */
  pathOf(name: string): string {
    return this.#path ? `${this.#path}.${name}` : name;
  }

  text(name: string): string {
    const value = this.value(name) ?? '';
    if (typeof value !== 'string') throw wrongType(this.pathOf(name), 'a string');
    return value;
  }

  flag(name: string): boolean {
    const value = this.value(name) ?? false;
    if (typeof value !== 'boolean') throw wrongType(this.pathOf(name), 'a boolean');
    return value;
  }

  /** An integer; 64-bit ones come as strings. 0 when absent. */
  integer(name: string): number {
    return toInteger(this.value(name) ?? 0, this.pathOf(name));
  }

  /** A `google.protobuf.Duration` or `Timestamp` in milliseconds; undefined when absent. */
  milliseconds(name: string): number | undefined {
    const time = this.child(name);
    return time && time.integer('seconds') * 1000 + time.integer('nanos') / 1e6;
  }

  bytes(name: string): Uint8Array | undefined {
    const value = this.value(name);
    if (value !== undefined && !(value instanceof Uint8Array)) throw wrongType(this.pathOf(name), 'bytes');
    return value;
  }

  /** The paths of a `google.protobuf.FieldMask`, in snake_case. */
  mask(name: string): string[] {
    return this.child(name)?.texts('paths') ?? [];
  }

  child(name: string): Fields | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new Fields(value, this.pathOf(name));
  }

  list(name: string): readonly unknown[] {
    const value = this.value(name) ?? [];
    if (!Array.isArray(value)) throw wrongType(this.pathOf(name), 'an array');
    return value;
  }

  children(name: string): Fields[] {
    return this.list(name).map((item, index) => new Fields(item, `${this.pathOf(name)}[${index}]`));
  }

  texts(name: string): string[] {
    return this.list(name).map((item, index) => {
      if (typeof item !== 'string') throw wrongType(`${this.pathOf(name)}[${index}]`, 'a string');
      return item;
    });
  }

  integers(name: string): number[] {
    return this.list(name).map((item, index) => toInteger(item, `${this.pathOf(name)}[${index}]`));
  }

  textMap(name: string): Record<string, string> {
    const value = this.value(name) ?? {};
    if (!isRecord(value)) throw wrongType(this.pathOf(name), 'an object');
    const map: Record<string, string> = {};
    for (const [key, item] of Object.entries(value)) {
      if (typeof item !== 'string') throw wrongType(`${this.pathOf(name)}["${key}"]`, 'a string');
      map[key] = item;
    }
    return map;
  }
}

/** INVALID_ARGUMENT for a field of the wrong type or form. */
function wrongType(path: string, expected: string): StatusError {
  return new StatusError('INVALID_ARGUMENT', `Invalid value at '${path}': expected ${expected}.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toInteger(value: unknown, path: string): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) throw wrongType(path, 'an integer');
  return number;
}
