import type { ErrorCode } from '../contract/errors.ts';
import type { Failure } from '../contract/failure.ts';
import type { Outcome } from '../kernel/outcome.ts';

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  /** JSON; none for 204. */
  readonly body?: object;
}

/** Failures of what the function leans on, not of the function. */
const UNAVAILABLE: ReadonlySet<ErrorCode> = new Set([
  'StoreUnavailable',
  'BusUnavailable',
  'TimersUnavailable',
  'TopicNotFound',
  'SecretMissing',
  'ProviderFailed',
]);

/** Of the outcomes only `nack` is not acked: Pub/Sub takes 204 for an ack, and any error for a nack. */
export function answerTo(outcome: Outcome): Answer {
  if (outcome.kind !== 'nack') return { status: 204 };
  return errorAnswer(UNAVAILABLE.has(outcome.failure.code) ? 503 : 500, outcome.failure);
}

/** No more than code, message and field leave the function (I12). */
export function errorAnswer(
  status: number,
  { code, message, field }: Pick<Failure, 'message' | 'field'> & { readonly code: string },
): Answer {
  return { status, body: { error: { code, message, ...(field !== undefined && { field }) } } };
}
