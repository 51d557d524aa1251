/** An answer that its caller is slow to take keeps what follows it back for no longer. */
const PATIENCE_MS = 100;

/**
 * Has `then` run when the answer to a call has been sent: at the end of the call, which aborts `ended`, and in a later turn, when what was written has
 * left the process.
 */
export function afterAnswer(ended: AbortSignal, then: () => void): void {
  let done = false;
  const run = () => {
    if (done) return;
    done = true;
    clearTimeout(patience);
    setImmediate(then);
  };
  const patience = setTimeout(run, PATIENCE_MS);
  if (ended.aborted) run();
  else ended.addEventListener('abort', run, { once: true });
}
