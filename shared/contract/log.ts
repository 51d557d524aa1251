/** Facts logged beside a message. Never a secret, never a payload (I12). */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured logging, as a port. Implementation: winston, in Cloud Logging's JSON. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose every entry has these fields too. */
  child(fields: LogFields): Log;
}

/** Says nothing. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
