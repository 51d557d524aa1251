import type { Log, LogFields } from '../../../shared/contract/log.ts';
import { type Level, toEntry, toLine } from '../../../shared/gcp/log-entry.ts';
import { Redactor } from '../../../shared/gcp/redaction.ts';

/** A log that writes what Cloud Logging would be given, by the code that writes it there. */
export function simulatedLog(
  write: (line: string) => void,
  secrets: readonly string[],
  more: LogFields = {},
): Log {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.learn(secret);
  const log = (above: LogFields): Log => {
    const at =
      (level: Level) =>
      (message: string, fields: LogFields = {}) => {
        const context = { project: 'demo', labels: {}, redactor, now: 0 };
        write(toLine(toEntry(level, message, { ...above, ...fields }, context)));
      };
    return {
      debug: () => {},
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => log({ ...above, ...fields }),
    };
  };
  return log(more);
}
