/** Running another program in this one's place: its signals, its exit code. */
import { constants } from 'node:os';
import { isatty } from 'node:tty';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Waits for `child` to end, and passes on the signals that this process gets meanwhile. A terminal sends its interrupt
 * to every process in the foreground by itself: that one is not passed on, so that the child sees each Ctrl-C once
 * (npm, which stands above, passes on its own copy as well).
 *
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, interrupted: NodeJS.Signals | null }>} how it
 *   ended, and the last signal that this process was sent while it ran; rejects when it could not be started
 */
export function supervise(child) {
  const atTerminal = [0, 1, 2].some((fd) => isatty(fd));
  let interrupted = null;
  const onSignal = (signal) => {
    interrupted = signal;
    if (signal !== 'SIGINT' || !atTerminal) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, interrupted }));
  }).finally(() => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  });
}

/**
 * Ends this process as a child ended: with its code, or by its signal.
 *
 * @param {number | null} code
 * @param {NodeJS.Signals | null} signal
 */
export function endLike(code, signal) {
  if (signal === null) {
    process.exitCode = code ?? 1;
    return;
  }
  process.exitCode = 128 + (constants.signals[signal] ?? 0);
  process.kill(process.pid, signal);
}
