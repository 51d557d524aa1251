import { toProtoTime } from '../wire/time.ts';
import { Fields, toSnakeCase, wrongType } from './fields.ts';

/** How durations, times, bytes and masks are written: the one difference between the protocol's gRPC form and its JSON. */
export interface Dialect {
  /** Milliseconds. */
  readDuration(value: unknown, path: string): number;
  writeDuration(ms: number): unknown;
  writeTimestamp(ms: number): unknown;
  readBytes(value: unknown, path: string): Uint8Array;
  writeBytes(data: Uint8Array): unknown;
  /** The paths, in snake_case. */
  readMask(value: unknown, path: string): string[];
}

/** Messages as `@grpc/proto-loader` decodes and encodes them. */
export const grpcDialect: Dialect = {
  readDuration(value, path) {
    const duration = new Fields(value, path);
    return duration.integer('seconds') * 1000 + duration.integer('nanos') / 1e6;
  },
  writeDuration: toProtoTime,
  writeTimestamp: toProtoTime,
  readBytes(value, path) {
    if (!(value instanceof Uint8Array)) throw wrongType(path, 'bytes');
    return value;
  },
  writeBytes: (data) => data,
  readMask: (value, path) => new Fields(value, path).texts('paths'),
};

const DURATION = /^(-?\d+(?:\.\d{1,9})?)s$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** https://protobuf.dev/programming-guides/json/ */
export const jsonDialect: Dialect = {
  readDuration(value, path) {
    const seconds = typeof value === 'string' ? DURATION.exec(value)?.[1] : undefined;
    if (seconds === undefined) throw wrongType(path, 'a duration such as "10s"');
    return Number(seconds) * 1000;
  },
  writeDuration: (ms) => `${ms / 1000}s`,
  writeTimestamp: (ms) => new Date(ms).toISOString(),
  readBytes(value, path) {
    if (typeof value !== 'string' || !BASE64.test(value)) throw wrongType(path, 'base64');
    return Buffer.from(value, 'base64');
  },
  writeBytes: (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  readMask(value, path) {
    if (typeof value !== 'string') throw wrongType(path, 'field names with commas between them');
    return value.split(',').filter(Boolean).map(toSnakeCase);
  },
};
