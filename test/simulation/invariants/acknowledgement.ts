import type { Contract } from '../../../shared/contract/agent.ts';
import type { Deployment } from '../../../shared/contract/deployment.ts';
import { decodeEnvelope } from '../../../shared/contract/envelope.ts';
import { messageKey } from '../../../shared/contract/keys.ts';
import type { Delivery, Envelope, WireMessage } from '../../../shared/contract/message.ts';
import { eventsTopic, inboxPath, runPath, subscriptionOf, topicOf } from '../../../shared/contract/names.ts';
import { readDeadLetter } from '../../../shared/kernel/dead-letter.ts';
import { decodeInbox } from '../../../shared/kernel/inbox.ts';
import { wholeOutbox } from '../../../shared/kernel/packed-outbox.ts';
import type { MakeObserver } from '../world/observer.ts';

/**
 * I3: what is acked has been committed and published, or deferred, or made a dead letter; or it was found to be without effect on a
 * run that is there.
 */
export const acknowledgement: MakeObserver = ({ documents }, violated) => {
  const durable = new Set<string>();
  const died = new Set<string>();
  const place = (topic: string, id: string) => `${topic} ${id}`;
  return {
    durable(topic, { attributes }: WireMessage) {
      const id = attributes['ce-id'];
      if (id !== undefined) durable.add(place(topic, id));
      if (attributes.deadlettermessageid !== undefined) died.add(attributes.deadlettermessageid);
      if (attributes.notbefore !== undefined && id !== undefined) durable.add(`deferred ${place(topic, id)}`);
    },
    acked(delivery, how, { contract, deployment }) {
      if (how === 'nack') {
        violated('I3: a message that failed was acked');
        return;
      }
      if (how === 'dead-letter') {
        if (!died.has(delivery.messageId)) violated('I3: a message was given up on, and is no dead letter');
        return;
      }
      const envelope = identityOf(delivery, contract, deployment);
      if (!envelope) return violated('I3: a message that is none was acked');
      const { id, type, runId } = envelope;
      if (how === 'defer') {
        const later = `deferred ${place(topicOf(deployment.prefix, contract.name), id)}`;
        if (!durable.has(later)) violated(`I3: ${type} was put off, and no timer is armed for it`);
        return;
      }
      const record = documents.get(inboxPath(contract.name, messageKey(envelope)));
      const known = record && decodeInbox(record);
      // Left to a drainer, which publishes what it finds handled already.
      const left = runId !== undefined && documents.has(`${runPath(runId)}/mailbox/${messageKey(envelope)}`);
      if (known?.status === 'done' && !left) {
        for (const { topic, message } of wholeOutbox(known.outbox))
          if (!durable.has(place(topic, message.id)))
            violated(
              `I3: ${type} was acked, and the ${message.type} that it sends to ${topic} was not published`,
            );
        return;
      }
      if (runId !== undefined && type.startsWith('mesh.') && documents.has(runPath(runId))) return;
      const workflow = type.slice(type.indexOf('.') + 1);
      if (workflow in contract.workflows) return;
      const ignored = delivery.subscription.startsWith(`${eventsTopic(deployment.prefix)}-`);
      if (!ignored) violated(`I3: ${type} (${id}) was acked by ${contract.name}, and nothing came of it`);
    },
  };
};

function identityOf(delivery: Delivery, contract: Contract, deployment: Deployment): Envelope | undefined {
  const own = delivery.subscription === subscriptionOf(deployment.prefix, contract.name);
  if (contract.recordsDeadLetters && !own) {
    const { id } = readDeadLetter(delivery, deployment);
    return { id, source: '/dead-letters', type: 'mesh.dead-letter', time: '', correlationId: id };
  }
  try {
    return decodeEnvelope(delivery, contract.name);
  } catch {
    return undefined;
  }
}
