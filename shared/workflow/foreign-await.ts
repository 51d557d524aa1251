import { AsyncLocalStorage, createHook, executionAsyncId } from 'node:async_hooks';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quiescence } from './quiescence.ts';

/** Where the workflow's code is running: promises made in there are its own. */
const insideWorkflow = new AsyncLocalStorage<true>();

/** Runs the first, synchronous part of the workflow's code; what it awaits goes on in the same context. */
export function enterWorkflow<T>(run: () => T): T {
  return insideWorkflow.run(true, run);
}

/**
 * The line of the await that hangs, as `file:line`, when `replay` is done once more. Costly, so only asked when it is known that
 * there is one. Undefined where the stack doesn't tell.
 */
export async function hangingAwait(replay: () => Promise<unknown>): Promise<string | undefined> {
  const waiting = new Map<number, string>();
  const hook = createHook({
    init(id, type, trigger) {
      // An await makes a promise in reaction to the awaited one; a promise that code merely makes is triggered by where it runs.
      if (type !== 'PROMISE' || trigger === executionAsyncId() || !insideWorkflow.getStore()) return;
      const line = callerLine();
      if (line) waiting.set(id, line);
    },
    promiseResolve(id) {
      waiting.delete(id);
    },
  });
  hook.enable();
  try {
    await replay();
    await quiescence();
  } finally {
    hook.disable();
  }
  // The innermost await began first: what awaits the function that it stands in came after.
  return waiting.values().next().value;
}

const ENGINE = typeof import.meta.url === 'string' ? dirname(fileURLToPath(import.meta.url)) : undefined;
const PLACE = /\(?((?:file:\/\/)?[^()\s]+:\d+):\d+\)?$/;

/** The innermost line of the stack that is neither Node's nor the engine's. */
export function callerLine(): string | undefined {
  for (const frame of new Error().stack?.split('\n').slice(1) ?? []) {
    const place = PLACE.exec(frame)?.[1]?.replace(/^file:\/\//, '');
    if (!place || place.startsWith('node:')) continue;
    if (ENGINE === undefined || !place.startsWith(`${ENGINE}/`)) return place;
  }
  return undefined;
}
