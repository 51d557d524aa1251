import type { Log } from '../contract/log.ts';
import type { Message } from '../contract/message.ts';
import type { AsChild } from '../contract/reply.ts';
import type { Interruption } from './entry.ts';
import { freshRun } from './fresh-run.ts';
import { type Brought, type Host, replay } from './host.ts';
import { Payloads } from './payloads.ts';
import type { RunRecord } from './run-record.ts';
import { notChildSend } from './sends.ts';

/** What a start is to have had as its input, to be a start of a run that never begins: anything. */
export const ANY_INPUT = '';

/**
 * A parent ends a child whose start has not come yet. The child is put down as ended: its start, when it comes, finds that and answers
 * the parent, who waits for that (I8).
 */
export function neverBegun(
  host: Host,
  message: Message,
  { workflow, key, parentRunId }: AsChild,
  came: Interruption,
  log: Log,
): Promise<Brought> {
  const { runId = '', correlationId } = message;
  const fresh = freshRun(
    host,
    { runId, workflow, key, correlationId, inputDigest: ANY_INPUT, waiters: [] },
    came.at,
  );
  const started = { e: 'started', at: came.at, input: null, seed: host.ids.uuid() } as const;
  const run: RunRecord = { ...fresh, parentRunId, kept: [started, came] };
  const payloads = new Payloads();
  return replay(host, { run, payloads, find: async () => new Map(), history: async () => [] }, [], log);
}

/**
 * A parent ends a run that it takes for its child, and that another had started before under the same key: it goes on, and whoever took
 * it for a child of its own is told not to wait. Undefined: nobody of that parent waits.
 */
export function notItsChild(run: RunRecord, { parentRunId }: AsChild): Omit<Brought, 'warm'> | undefined {
  const mistaken = run.waiters.filter((waiter) => waiter.runId === parentRunId);
  if (mistaken.length === 0 || run.endedAt) return undefined;
  const waiters = run.waiters.filter((waiter) => !mistaken.includes(waiter));
  return { run: { ...run, waiters }, writes: [], sends: mistaken.map((waiter) => notChildSend(run, waiter)) };
}
