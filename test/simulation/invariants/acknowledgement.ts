import type { Contract } from '../../../shared/contract/agent.ts';
import type { Deployment } from '../../../shared/contract/deployment.ts';
import { decodeEnvelope } from '../../../shared/contract/envelope.ts';
import { messageKey } from '../../../shared/contract/keys.ts';
import {
  DEAD_LETTER,
  type Delivery,
  type Envelope,
  SCHEDULE,
  SLOT,
  SWEEP,
  type WireMessage,
} from '../../../shared/contract/message.ts';
import {
  deadTopicOf,
  eventsTopic,
  inboxPath,
  runPath,
  slotPath,
  subscriptionOf,
  topicOf,
} from '../../../shared/contract/names.ts';
import { SlotChange } from '../../../shared/contract/reply.ts';
import { ScheduleChange } from '../../../shared/contract/schedule-plan.ts';
import { admit } from '../../../shared/kernel/admission.ts';
import { markOf } from '../../../shared/kernel/mailbox.ts';
import { wholeOutbox } from '../../../shared/kernel/packed-outbox.ts';
import type { Route } from '../../../shared/kernel/route.ts';
import { decodeSlots } from '../../../shared/workflow/slots.ts';
import { inboxIn, outboxIn } from '../world/decoded.ts';
import type { MakeObserver } from '../world/observer.ts';

/**
 * I3: what is acked has been committed and published, or deferred, or made a dead letter; or it was found to be without effect on a
 * run that is there.
 */
export const acknowledgement: MakeObserver = ({ documents, topology }, violated) => {
  const recorder = topology.functions.find(({ contract }) => contract.recordsDeadLetters)?.agent ?? '';
  /** Whether the run whose slot is to be given back has one, or waits for one. */
  const isIn = ({ data }: Delivery, { name }: Contract): boolean => {
    const { workflow, value, runId } = SlotChange.parse(JSON.parse(Buffer.from(data).toString()));
    const { holders, queue } = decodeSlots(documents.get(slotPath(name, workflow, value)));
    return holders.includes(runId) || queue.includes(runId);
  };
  /** What a drainer that is at work on a run has committed and not published yet: it is on the run until it is (M3). */
  const promised = (runId: string | undefined): ReadonlySet<string> => {
    const mark = runId === undefined ? undefined : markOf(documents.get(runPath(runId)));
    return new Set(wholeOutbox(mark?.outbox ?? '[]').map(({ topic, message }) => place(topic, message.id)));
  };
  const durable = new Set<string>();
  const died = new Set<string>();
  const place = (topic: string, id: string) => `${topic} ${id}`;
  /** A dead letter that its recorder could not record goes on as it is. */
  const passedOn = (topic: string, attributes: WireMessage['attributes']) =>
    `${topic} ${JSON.stringify(Object.entries(attributes).sort())}`;
  return {
    durable(topic, { attributes }: WireMessage) {
      const id = attributes['ce-id'];
      if (id !== undefined) durable.add(place(topic, id));
      if (attributes.deadlettermessageid !== undefined) died.add(attributes.deadlettermessageid);
      if (topic === deadTopicOf(topology.prefix, recorder)) died.add(passedOn(topic, attributes));
      if (attributes.notbefore !== undefined && id !== undefined) durable.add(`deferred ${place(topic, id)}`);
    },
    acked(delivery, how, { contract, deployment }) {
      if (how === 'nack') {
        violated('I3: a message that failed was acked');
        return;
      }
      if (how === 'dead-letter') {
        const id = contract.recordsDeadLetters
          ? passedOn(deadTopicOf(deployment.prefix, contract.name), delivery.attributes)
          : delivery.messageId;
        if (!died.has(id)) violated('I3: a message was given up on, and is no dead letter');
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
      const key = messageKey(envelope);
      const record = documents.get(inboxPath(contract.name, key));
      // Left to a drainer, which publishes what it finds handled already.
      const left = runId !== undefined && documents.has(`${runPath(runId)}/mailbox/${key}`);
      if (record && inboxIn(record).status === 'done' && !left) {
        const onItsWay = promised(runId);
        for (const { topic, message } of outboxIn(record))
          if (!durable.has(place(topic, message.id)) && !onItsWay.has(place(topic, message.id)))
            violated(
              `I3: ${type} was acked, and the ${message.type} that it sends to ${topic} was not published`,
            );
        return;
      }
      if (runId !== undefined && type.startsWith('mesh.') && documents.has(runPath(runId))) return;
      if (type === SLOT && !isIn(delivery, contract)) return;
      // A tick that is not due, or of a schedule that is gone; and what has been done before.
      if (type === SCHEDULE && IDLE_CHANGES.has(changeOf(delivery))) return;
      // One that finds nothing.
      if (type === SWEEP) return;
      const workflow = type.slice(type.indexOf('.') + 1);
      if (workflow in contract.workflows) return;
      const ignored = delivery.subscription.startsWith(`${eventsTopic(deployment.prefix)}-`);
      if (!ignored) violated(`I3: ${type} (${id}) was acked by ${contract.name}, and nothing came of it`);
    },
  };
};

/** The changes of a schedule that may come to nothing. */
const IDLE_CHANGES: ReadonlySet<string> = new Set(['tick', 'ended', 'create', 'resume']);

function changeOf({ data }: Delivery): string {
  return ScheduleChange.parse(JSON.parse(Buffer.from(data).toString())).op;
}

/** So that it is admitted; nobody handles it. */
const RECORDING: ReadonlyMap<string, Route> = new Map([
  [DEAD_LETTER, { mode: 'commit', reads: () => [], decide: () => Promise.reject(new Error('not handled')) }],
]);

function identityOf(delivery: Delivery, contract: Contract, deployment: Deployment): Envelope | undefined {
  const own = delivery.subscription === subscriptionOf(deployment.prefix, contract.name);
  if (contract.recordsDeadLetters && !own) {
    const admission = admit(delivery, Number.POSITIVE_INFINITY, { contract, deployment, routes: RECORDING });
    return admission.kind === 'handle' ? admission.message : undefined;
  }
  try {
    return decodeEnvelope(delivery, contract.name);
  } catch {
    return undefined;
  }
}
