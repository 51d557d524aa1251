import type { LogFields } from '../contract/log.ts';
import type { Redactor } from './redaction.ts';

/** Levels of the Log port, and what Cloud Logging calls them. */
export const SEVERITY = { error: 'ERROR', warn: 'WARNING', info: 'INFO', debug: 'DEBUG' } as const;
export type Level = keyof typeof SEVERITY;

/** https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields */
const TRACE = 'logging.googleapis.com/trace';
const SPAN_ID = 'logging.googleapis.com/spanId';
const TRACE_SAMPLED = 'logging.googleapis.com/trace_sampled';
const LABELS = 'logging.googleapis.com/labels';

/** Names that winston or its transport for Cloud Logging take for themselves. */
const RESERVED = new Set([
  'level',
  'message',
  'splat',
  'stack',
  'logName',
  'timestamp',
  'labels',
  'resource',
  'httpRequest',
]);

/** An entry in winston's form: what its transport for Cloud Logging reads, and `toLine` writes. */
export interface LogEntry {
  readonly level: Level;
  readonly message: string;
  readonly timestamp: Date;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the error, for Error Reporting. */
  readonly stack?: string;
  readonly [field: string]: unknown;
}

export interface EntryContext {
  readonly project: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly redactor: Redactor;
  readonly now: number;
}

/**
 * Makes an entry. These fields have a meaning, and every other is data:
 * - `traceId`, `spanId`, `traceSampled`: the span (`contract/trace.ts`) that the entry belongs to;
 * - `error`: its name, code and message become data, its stack is shown by Error Reporting.
 */
export function toEntry(level: Level, message: string, fields: LogFields, context: EntryContext): LogEntry {
  const { project, labels, redactor, now } = context;
  const { traceId, spanId, traceSampled, ...rest } = fields;
  const data = redactor.redact(rest) as Record<string, unknown>;
  const stack = rest.error instanceof Error ? rest.error.stack : undefined;
  return {
    level,
    message: redactor.text(message),
    timestamp: new Date(now),
    labels,
    ...(stack !== undefined && { stack: redactor.text(stack) }),
    ...(typeof traceId === 'string' && { [TRACE]: `projects/${project}/traces/${traceId}` }),
    ...(typeof spanId === 'string' && { [SPAN_ID]: spanId }),
    ...(typeof traceSampled === 'boolean' && { [TRACE_SAMPLED]: traceSampled }),
    ...Object.fromEntries(
      Object.entries(data).map(([name, value]) => [RESERVED.has(name) ? `${name}_` : name, value]),
    ),
  };
}

/**
 * The entry as one line of JSON, as Google's transport writes it, but for the name of the log and the form of the time: fields of the
 * program are below `metadata`, and the stack follows the message.
 */
export function toLine(entry: LogEntry): string {
  const { level, message, timestamp, labels, stack, ...fields } = entry;
  const { [TRACE]: trace, [SPAN_ID]: spanId, [TRACE_SAMPLED]: sampled, ...data } = fields;
  return JSON.stringify({
    severity: SEVERITY[level],
    message: stack === undefined ? message : `${message} ${stack}`,
    time: timestamp.toISOString(),
    [LABELS]: labels,
    [TRACE]: trace,
    [SPAN_ID]: spanId,
    [TRACE_SAMPLED]: sampled,
    metadata: stack === undefined ? data : { ...data, stack },
  });
}
