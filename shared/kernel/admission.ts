import type { Contract } from '../contract/agent.ts';
import { tooLarge } from '../contract/claim-check.ts';
import type { Deployment } from '../contract/deployment.ts';
import { decodeData, decodeEnvelope } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import { messageJson } from '../contract/json.ts';
import { digest } from '../contract/keys.ts';
import { DEAD_LETTER, type Delivery, type Envelope, type Message, REPLY } from '../contract/message.ts';
import { subscriptionOf } from '../contract/names.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import { mendedAttributes, readDeadLetter } from './dead-letter.ts';
import type { Route } from './route.ts';

export interface AdmissionOptions {
  readonly contract: Contract;
  readonly deployment: Deployment;
  readonly routes: ReadonlyMap<string, Route>;
}

/** What is to be done with a delivery, decided from the delivery alone. */
export type Admission =
  | { readonly kind: 'handle'; readonly message: Message; readonly route: Route }
  | { readonly kind: 'early'; readonly envelope: Envelope; readonly until: Date }
  /** An event that a topic without filters delivered though nobody here subscribes to it. */
  | { readonly kind: 'ignore'; readonly envelope: Envelope };

/**
 * Decides whether a delivery is handled, before anything is read or written (I11).
 *
 * @throws MeshError for a delivery that never can be: the kernel makes it a dead letter (I4)
 */
export function admit(delivery: Delivery, now: number, options: AdmissionOptions): Admission {
  const { contract, deployment, routes } = options;
  if (
    contract.recordsDeadLetters &&
    delivery.subscription !== subscriptionOf(deployment.prefix, contract.name)
  ) {
    return admitDeadLetter(delivery, options);
  }
  const envelope = decodeEnvelope(delivery, contract.name);
  checkReplyTo(envelope, options);
  const route = routes.get(envelope.type);
  if (!route) {
    if (delivery.subscription.startsWith(`${deployment.prefix}-${contract.name}-events-`))
      return { kind: 'ignore', envelope };
    throw new MeshError(
      'UnknownMessage',
      `${contract.name} has no message ${JSON.stringify(envelope.type)}`,
      {
        field: 'ce-type',
        hint: `It has ${[...routes.keys()].filter((type) => !type.startsWith('mesh.')).join(', ') || 'none'}.`,
      },
    );
  }
  // A reply is never turned away: the run that waits for it has to be told that it is too large.
  const { byteLength } = delivery.data;
  if (envelope.type !== REPLY && byteLength > contract.limits.inlineBytes) {
    const limits = takenLimits(contract, envelope.type);
    // What may come by claim check may come as it is, from a publisher who knows nothing of them.
    if (byteLength > limits.claimCheckBytes) throw tooLarge(byteLength, limits, 'the data');
  }
  if (envelope.notBefore !== undefined && Date.parse(envelope.notBefore) > now) {
    return { kind: 'early', envelope, until: new Date(envelope.notBefore) };
  }
  return { kind: 'handle', message: { ...envelope, data: decodeData(delivery) }, route };
}

function checkReplyTo({ replyTo }: Envelope, { contract, deployment }: AdmissionOptions): void {
  if (replyTo === undefined || replyTo === contract.name || deployment.callers.includes(replyTo)) return;
  throw new MeshError(
    'ReplyToRefused',
    `the reply is to go to ${JSON.stringify(replyTo)}, which does not call ${contract.name}`,
    { field: 'replyto' },
  );
}

/** A dead letter is handled whatever it is: its own faults are why it is here. */
function admitDeadLetter(given: Delivery, { deployment, routes }: AdmissionOptions): Admission {
  const delivery = { ...given, attributes: mendedAttributes(given.attributes) };
  const route = routes.get(DEAD_LETTER);
  if (!route)
    throw new MeshError('UnknownMessage', 'this agent has no handler for dead letters', {
      field: 'deadLetter',
    });
  const letter = readDeadLetter(delivery, deployment);
  const { traceparent, correlationid } = delivery.attributes;
  const { code, field = '', reason = '' } = letter.failure;
  const message: Message = {
    // Copies that died of the same are one message, and one that died of something else is another.
    id: digest('death', letter.id, code, field, reason),
    source: '/dead-letters',
    type: DEAD_LETTER,
    time: delivery.publishTime,
    correlationId: correlationid || letter.id,
    data: messageJson(letter),
    ...(traceparent && { traceparent }),
  };
  return { kind: 'handle', message, route };
}
