import type { Log, LogFields } from '../contract/log.ts';

/** One entry of the log, with the fields of the message that it was written for. */
export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that keeps its entries in `entries`, its children's too, for a test to read. */
export function capturedLog(entries: LogEntry[], inherited: LogFields = {}): Log {
  const at = (level: LogEntry['level']) => (message: string, fields?: LogFields) => {
    entries.push({ level, message, fields: { ...inherited, ...fields } });
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => capturedLog(entries, { ...inherited, ...fields }),
  };
}
