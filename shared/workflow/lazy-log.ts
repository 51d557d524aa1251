import type { Log } from '../contract/log.ts';

/** What is logged may be anything: an entry that can't be written is no reason to end the code, which on replay logs nothing. */
function safely(write: () => void): void {
  try {
    write();
  } catch {
    // The code goes on; there is nobody to be told but the log itself.
  }
}

/** A log that asks at every entry which log is meant: code that lives on over several messages speaks for the one at hand. */
export function lazyLog(log: () => Log): Log {
  return {
    debug: (message, fields) => safely(() => log().debug(message, fields)),
    info: (message, fields) => safely(() => log().info(message, fields)),
    warn: (message, fields) => safely(() => log().warn(message, fields)),
    error: (message, fields) => safely(() => log().error(message, fields)),
    child: (fields) => lazyLog(() => log().child(fields)),
  };
}
