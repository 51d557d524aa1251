/** What the set-up says, all of it on stderr: stdout belongs to the command. */

/** @param {string} text one line */
export function report(text) {
  process.stderr.write(`agent-mesh: ${text}\n`);
}

/**
 * Says that something has begun, on a terminal with the seconds gone by.
 *
 * @param {string} text
 * @returns {(succeeded: boolean) => void} ends it
 */
export function ticker(text) {
  const begun = Date.now();
  const seconds = () => Math.round((Date.now() - begun) / 1000);
  const live = process.stderr.isTTY === true && process.env.CI === undefined;
  const line = () => `agent-mesh: ${text} … ${seconds()} s`;
  if (!live) report(text);
  const timer = live && setInterval(() => process.stderr.write(`\r${line()}`), 1000);
  if (live) process.stderr.write(line());
  return (succeeded) => {
    if (timer) clearInterval(timer);
    if (live) process.stderr.write('\r\u001b[2K');
    if (succeeded) report(`dependencies installed in ${seconds()} s`);
  };
}
