import type { Writable } from 'node:stream';
import { createLogger, format, type Logger, transports } from 'winston';
import type { Clock } from '../contract/clock.ts';
import type { Log, LogFields } from '../contract/log.ts';
import { type Level, type LogEntry, toEntry, toLine } from './log-entry.ts';
import type { Redactor } from './redaction.ts';

export interface LoggingOptions {
  readonly project: string;
  /** On every entry: which agent, which mesh. */
  readonly labels: Readonly<Record<string, string>>;
  readonly redactor: Redactor;
  readonly clock: Clock;
  /** `debug`, `info` (the default), `warn`, `error`, or `silent`. */
  readonly level?: string | undefined;
  /** Whether the process runs on Google Cloud: Google's own transport takes over once it is loaded. */
  readonly onGoogleCloud: boolean;
  /** Default: the standard output, which Cloud Run hands to Cloud Logging line by line. */
  readonly out?: Writable;
}

const LEVELS: ReadonlySet<string> = new Set(['error', 'warn', 'info', 'debug']);
/** Loading Google's transport takes 100 ms of processor: not while a cold start's first message is handled. */
const TAKEOVER_DELAY_MS = 2_000;

/** The Log over winston. */
export function createLog(options: LoggingOptions): Log {
  const asked = options.level?.toLowerCase().replace('warning', 'warn');
  const local = new transports.Stream({
    stream: options.out ?? process.stdout,
    // Entries are made whole before winston gets them; here they are only put in writing.
    format: format.printf((info) => toLine(info as unknown as LogEntry)),
  });
  const logger = createLogger({
    level: asked && LEVELS.has(asked) ? asked : 'info',
    silent: asked === 'silent',
    // The default would write every entry as JSON here, for nobody.
    format: format((info) => info)(),
    transports: [local],
  });
  if (options.onGoogleCloud) {
    options.clock.after(TAKEOVER_DELAY_MS, () => void takeOver(logger, local, options));
  }
  return new WinstonLog(logger, {}, options);
}

/** https://cloud.google.com/nodejs/docs/reference/logging-winston/latest: to the standard output too, without a call to any API. */
async function takeOver(
  logger: Logger,
  local: transports.StreamTransportInstance,
  { project }: LoggingOptions,
): Promise<void> {
  try {
    const { LoggingWinston } = await import('@google-cloud/logging-winston');
    logger.add(new LoggingWinston({ projectId: project, redirectToStdout: true, useMessageField: false }));
    logger.remove(local);
  } catch (error) {
    logger.warn('the transport for Cloud Logging could not be loaded; entries are written without it', {
      timestamp: new Date(),
      labels: {},
      reason: String(error),
    });
  }
}

class WinstonLog implements Log {
  readonly #logger: Logger;
  readonly #fields: LogFields;
  readonly #options: LoggingOptions;

  constructor(logger: Logger, fields: LogFields, options: LoggingOptions) {
    this.#logger = logger;
    this.#fields = fields;
    this.#options = options;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  child(fields: LogFields): Log {
    return new WinstonLog(this.#logger, { ...this.#fields, ...fields }, this.#options);
  }

  #write(level: Level, message: string, fields: LogFields = {}): void {
    if (this.#logger.silent || !this.#logger.isLevelEnabled(level)) return;
    const { project, labels, redactor, clock } = this.#options;
    const context = { project, labels, redactor, now: clock.now() };
    this.#logger.log(toEntry(level, message, { ...this.#fields, ...fields }, context));
  }
}
