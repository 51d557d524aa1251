import type { Json } from '../contract/json.ts';
import { messageKey, namedId } from '../contract/keys.ts';
import { inboxPath, sourceOf } from '../contract/names.ts';
import type { Store } from '../contract/store.ts';
import { decodeInbox } from '../kernel/inbox.ts';
import type { Entry } from './entry.ts';
import type { RunRecord } from './run-record.ts';
import { historyOf } from './run-view.ts';
import { callName } from './sends.ts';

/** What the handler of an open call last told of its progress, by `ctx.heartbeat`. */
export interface StepProgress {
  readonly details: Json;
  readonly at: Date;
}

/** The progress of the run's open calls, by the id of the step; of those alone whose handlers tell any. */
export async function stepProgress(
  store: Store,
  run: RunRecord,
  history: readonly Entry[],
): Promise<ReadonlyMap<string, StepProgress>> {
  const attempts = new Map(
    historyOf(history)
      .filter(({ status }) => status === 'open')
      .map((step) => [step.id, step.attempts]),
  );
  const calls = history.flatMap((entry) => {
    const attempt = entry.e === 'step' && entry.op === 'call' ? attempts.get(entry.id) : undefined;
    if (entry.e !== 'step' || entry.op !== 'call' || attempt === undefined) return [];
    const message = { source: sourceOf(run.agent), id: namedId(callName(run, entry.id, attempt)) };
    return [{ step: entry.id, path: inboxPath(entry.agent, messageKey(message)) }];
  });
  if (calls.length === 0) return new Map();
  const documents = await store.read(calls.map(({ path }) => path));
  return new Map(
    calls.flatMap(({ step }, position): [string, StepProgress][] => {
      const document = documents[position];
      const record = document && decodeInbox(document);
      if (record?.status !== 'running' || record.progress === undefined) return [];
      return [[step, { details: record.progress, at: record.updatedAt }]];
    }),
  );
}
