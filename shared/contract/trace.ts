import { randomBytes } from 'node:crypto';

/** One span of a trace, as W3C Trace Context names it (https://www.w3.org/TR/trace-context/#traceparent-header). */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/** Undefined for what is no `traceparent`: a broken trace never fails a message. */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  const match = text ? TRACEPARENT.exec(text) : null;
  if (!match?.[1] || !match[2] || !match[3] || /^0+$/.test(match[1]) || /^0+$/.test(match[2]))
    return undefined;
  return { traceId: match[1], spanId: match[2], sampled: (Number.parseInt(match[3], 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** The system's random source costs a call each time: one call gives bytes for many spans. */
const POOL_BYTES = 4_096;
let pool = Buffer.alloc(0);
let taken = 0;

function randomHex(bytes: number): string {
  if (taken + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES);
    taken = 0;
  }
  taken += bytes;
  return pool.toString('hex', taken - bytes, taken);
}

/** A new span below `parent`, or the first of a new, sampled trace. */
export function childSpan(parent: TraceContext | undefined): TraceContext {
  const spanId = randomHex(8);
  return parent ? { ...parent, spanId } : { traceId: randomHex(16), spanId, sampled: true };
}
