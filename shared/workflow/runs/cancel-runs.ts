import { encodeMessage } from '../../contract/envelope.ts';
import { CANCEL } from '../../contract/message.ts';
import { topicOf } from '../../contract/names.ts';
import type { Ports } from '../../contract/ports.ts';
import type { Store } from '../../contract/store.ts';
import type { RunRecord, RunStatus } from '../run-record.ts';
import type { Operator } from './rerun.ts';
import { allRuns, type RunFilter } from './run-page.ts';

/** A run in one of these can be cancelled; in any other it has ended, or is on its way to. */
const CANCELLABLE = ['running', 'blocked', 'paused', 'waiting'] as const satisfies readonly RunStatus[];

/** Pub/Sub takes 1,000 messages in a request (https://cloud.google.com/pubsub/quotas#resource_limits). */
const BATCH = 500;

/** The runs that fit and have not ended. */
export async function* cancellableRuns(
  store: Pick<Store, 'query'>,
  filter: RunFilter,
): AsyncGenerator<RunRecord> {
  for (const status of CANCELLABLE)
    if (filter.status === undefined || filter.status === status) yield* allRuns(store, { ...filter, status });
}

/**
 * Asks runs to cancel; what each has done is undone in reverse. One that ends meanwhile stays as it is.
 *
 * @throws MeshError `BusUnavailable`: some may have been asked; asking all of them once more is harmless
 */
export async function cancelRuns(
  { bus, clock, ids }: Pick<Ports, 'bus' | 'clock' | 'ids'>,
  { prefix, source }: Operator,
  runs: readonly RunRecord[],
  reason?: string,
): Promise<void> {
  const time = new Date(clock.now()).toISOString();
  const data = reason === undefined ? {} : { reason };
  for (const [agent, hosted] of Map.groupBy(runs, (run) => run.agent)) {
    for (let at = 0; at < hosted.length; at += BATCH) {
      const messages = hosted
        .slice(at, at + BATCH)
        .map(({ runId, correlationId }) =>
          encodeMessage({ id: ids.uuid(), source, type: CANCEL, time, correlationId, runId, data }),
        );
      await bus.publish(topicOf(prefix, agent), messages);
    }
  }
}
