import type { Log } from '../contract/log.ts';

/** A log that asks at every entry which log is meant: code that lives on over several messages speaks for the one at hand. */
export function lazyLog(log: () => Log): Log {
  return {
    debug: (message, fields) => log().debug(message, fields),
    info: (message, fields) => log().info(message, fields),
    warn: (message, fields) => log().warn(message, fields),
    error: (message, fields) => log().error(message, fields),
    child: (fields) => lazyLog(() => log().child(fields)),
  };
}
