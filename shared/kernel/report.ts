import { MeshError } from '../contract/errors.ts';
import type { Failure } from '../contract/failure.ts';
import type { Log, LogFields } from '../contract/log.ts';
import type { Outcome } from './outcome.ts';

/** A stack tells nothing of an error that the catalogue explains; of any other it tells the line. */
export function failureFields({ message, ...failure }: Failure, error: unknown): LogFields {
  const explained = error instanceof MeshError && error.cause === undefined;
  return { ...failure, detail: message, ...(!explained && { error }) };
}

/** Tells the log what became of a delivery. */
export function report(log: Log, outcome: Outcome, durationMs: number): void {
  const failure: Failure | undefined = 'failure' in outcome ? outcome.failure : undefined;
  log.debug('handled', {
    outcome: outcome.kind,
    durationMs,
    ...(failure && { code: failure.code }),
    ...(outcome.kind === 'ack' && outcome.duplicate && { duplicate: true }),
    ...(outcome.kind === 'ack' && outcome.ignored && { ignored: true }),
    ...(outcome.kind === 'defer' && { until: outcome.until.toISOString(), why: outcome.why }),
  });
}
