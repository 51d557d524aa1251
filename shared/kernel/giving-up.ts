import type { Contract } from '../contract/agent.ts';
import type { Deployment } from '../contract/deployment.ts';
import { MeshError } from '../contract/errors.ts';
import { type Failure, toFailure } from '../contract/failure.ts';
import type { Log } from '../contract/log.ts';
import type { Delivery } from '../contract/message.ts';
import { deadTopicOf } from '../contract/names.ts';
import type { Ports } from '../contract/ports.ts';
import { toDeadLetter } from './dead-letter.ts';
import { isLast } from './deferral.ts';
import type { Outcome } from './outcome.ts';
import { failureFields } from './report.ts';

export interface GivingUp {
  /** An error as others see it. */
  failureOf(error: unknown): Failure;
  /** The outcome of a delivery that failed. Never rejects. */
  giveUpOrRetry(delivery: Delivery, error: unknown, log: Log): Promise<Outcome>;
}

/** The end of deliveries that fail: tried again, or a dead letter with its reason (I4). */
export function givingUp({
  contract,
  deployment,
  ports,
}: {
  readonly contract: Contract;
  readonly deployment: Deployment;
  readonly ports: Pick<Ports, 'bus' | 'clock' | 'secrets'>;
}): GivingUp {
  const { bus, clock } = ports;

  /** What a handler threw may quote a secret, and a failure ends in documents and messages (I12). */
  function failureOf(error: unknown): Failure {
    const failure = toFailure(error);
    const { message, details } = failure;
    const redact = (text: string) => ports.secrets.redact(text);
    return {
      ...failure,
      message: redact(message),
      ...(details !== undefined && { details: redact(details) }),
    };
  }

  /** What can't succeed becomes a dead letter at once, with its reason; what may is left to Pub/Sub's retry, up to the last attempt. */
  async function giveUpOrRetry(delivery: Delivery, error: unknown, log: Log): Promise<Outcome> {
    const failure = failureOf(error);
    const hopeless = error instanceof MeshError && !error.retry;
    const last = isLast(delivery, contract.retry.maxAttempts, clock.now());
    if (!hopeless && !last) {
      log.warn('failed, to be tried again', failureFields(failure, error));
      return { kind: 'nack', failure };
    }
    try {
      await bus.publish(deadTopicOf(deployment.prefix, contract.name), [
        // What the recorder of dead letters gives up on keeps the reason that it came with: the first is the cause.
        contract.recordsDeadLetters ? delivery : toDeadLetter(delivery, failure, contract.name),
      ]);
    } catch (publishError) {
      log.error('the dead letter could not be published', { error: publishError });
      return { kind: 'nack', failure: toFailure(publishError) };
    }
    log.error('dead letter', failureFields(failure, error));
    return { kind: 'dead-letter', failure };
  }

  return { failureOf, giveUpOrRetry };
}
