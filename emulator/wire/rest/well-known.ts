import { StatusError } from '../status.ts';

/** How a well-known type is written in protocol JSON (https://protobuf.dev/programming-guides/json/). */
interface WellKnown {
  /** Undefined where the text has not the form. */
  read(text: string): object | undefined;
  write(message: Readonly<Record<string, unknown>>): string;
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

const timestamp: WellKnown = {
  read(text) {
    const [, day, time, fraction = '', zone] = TIMESTAMP.exec(text) ?? [];
    const ms = Date.parse(`${day}T${time}${zone?.toUpperCase()}`);
    return Number.isNaN(ms) ? undefined : { seconds: String(ms / 1000), nanos: nanosOf(fraction) };
  },
  write({ seconds = 0, nanos = 0 }) {
    const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
    return `${whole}${fractionOf(Number(nanos))}Z`;
  },
};

const duration: WellKnown = {
  read(text) {
    const [whole, sign, seconds, fraction = ''] = DURATION.exec(text) ?? [];
    if (whole === undefined) return undefined;
    const factor = sign ? -1 : 1;
    return { seconds: String(factor * Number(seconds)), nanos: factor * nanosOf(fraction) };
  },
  write({ seconds = 0, nanos = 0 }) {
    const sign = Number(seconds) < 0 || Number(nanos) < 0 ? '-' : '';
    return `${sign}${Math.abs(Number(seconds))}${fractionOf(Math.abs(Number(nanos)))}s`;
  },
};

const fieldMask: WellKnown = {
  read: (text) => ({ paths: text.split(',').filter(Boolean).map(toSnakeCase) }),
  write({ paths }) {
    return Array.isArray(paths) ? paths.map((path) => toCamelCase(String(path))).join(',') : '';
  },
};

export const WELL_KNOWN: Readonly<Record<string, WellKnown>> = {
  '.google.protobuf.Timestamp': timestamp,
  '.google.protobuf.Duration': duration,
  '.google.protobuf.FieldMask': fieldMask,
};

export function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** INVALID_ARGUMENT in the words of Google's front end for a value that is not of the field's type. */
export function invalidValue(path: string, type: string, value: string): StatusError {
  const at = path ? ` at '${toSnakeCase(path)}'` : '';
  return new StatusError('INVALID_ARGUMENT', `Invalid value${at} (${type}), ${value}`);
}

function toCamelCase(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function nanosOf(fraction: string): number {
  return Number(fraction.padEnd(9, '0'));
}

/** None, or 3, 6 or 9 digits, as many as are needed. */
function fractionOf(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  return `.${digits.replace(/(?:000){1,2}$/, '')}`;
}
