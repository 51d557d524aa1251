import type { Contract } from '../contract/agent.ts';
import { type Baggage, withBaggage } from '../contract/baggage.ts';
import type { Deployment } from '../contract/deployment.ts';
import { dataBytes, encodeMessage } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import { messageJson } from '../contract/json.ts';
import { derivedId, namedId } from '../contract/keys.ts';
import { type Envelope, type Message, REPLY, SIGNAL, type WireMessage } from '../contract/message.ts';
import { deadTopicOf, eventsTopic, sourceOf, topicOf } from '../contract/names.ts';
import type { Ports } from '../contract/ports.ts';
import { currentTenant } from '../contract/tenant-scope.ts';
import { deadLetterAttributes } from './dead-letter.ts';
import type { OutboxEntry } from './inbox.ts';
import { MOST_TIMED_BYTES } from './message-limits.ts';
import type { Decision, Send } from './route.ts';

/** What the messages of an outbox have in common: what was handled, by whom, and in which span. */
export interface OutboxContext {
  readonly contract: Contract;
  readonly deployment: Deployment;
  readonly message: Envelope;
  /** K of the message handled. */
  readonly key: string;
  readonly now: number;
  readonly traceparent: string;
  /** A text without the secrets that were read. Left out: none were. */
  readonly redact?: (text: string) => string;
}

/** The messages that a decision sends, its reply included, each with an id that is the same whenever they are made. */
export function toOutbox(decision: Decision, context: OutboxContext): OutboxEntry[] {
  const { message } = context;
  const reply: Send[] =
    decision.reply && message.replyTo
      ? [
          {
            to: { agent: message.replyTo },
            type: REPLY,
            data: messageJson(decision.reply),
            idFrom: `reply:${context.key}`,
            ...(message.runId !== undefined && { runId: message.runId }),
            ...(message.stepId !== undefined && { stepId: message.stepId }),
          },
        ]
      : [];
  const baggage = decision.baggage ?? message.baggage;
  return [...decision.sends, ...reply].map((send, position) => toEntry(send, position, context, baggage));
}

function toEntry(
  send: Send,
  position: number,
  context: OutboxContext,
  inherited: Baggage | undefined,
): OutboxEntry {
  const { contract, deployment, key, message: cause, now } = context;
  const bytes = dataBytes(send.data);
  const { inlineBytes } = contract.limits;
  const most = send.at === undefined ? inlineBytes : Math.min(inlineBytes, MOST_TIMED_BYTES);
  if (bytes > most) {
    throw new MeshError(
      'PayloadTooLarge',
      `the ${send.type} that ${contract.name} sends has ${bytes} bytes; the limit is ${most}`,
      { field: 'data' },
    );
  }
  // The mesh's own messages do not begin anything, but for a signal.
  const travels = !send.type.startsWith('mesh.') || send.type === SIGNAL;
  const baggage = travels ? baggageOf(inherited, send, context) : undefined;
  const tenant = currentTenant();
  const message: Message = {
    id: send.idFrom === undefined ? derivedId(key, position) : namedId(send.idFrom),
    source: sourceOf(contract.name),
    type: send.type,
    time: new Date(now).toISOString(),
    correlationId: cause.correlationId,
    causationId: send.causationId ?? cause.id,
    data: send.data,
    traceparent: context.traceparent,
    ...(cause.tracestate !== undefined && { tracestate: cause.tracestate }),
    ...(send.subject !== undefined && { subject: send.subject }),
    ...(send.runId !== undefined && { runId: send.runId }),
    ...(send.stepId !== undefined && { stepId: send.stepId }),
    ...(send.replyTo !== undefined && { replyTo: send.replyTo }),
    ...(send.deadline !== undefined && { deadline: send.deadline }),
    ...(send.startAt !== undefined && { startAt: send.startAt.toISOString() }),
    ...(send.scheduleId !== undefined && { scheduleId: send.scheduleId }),
    ...(send.idempotencyKey !== undefined && { idempotencyKey: send.idempotencyKey }),
    ...(send.cursor !== undefined && { cursor: send.cursor }),
    ...(tenant !== undefined && { tenant }),
    ...(baggage && { baggage }),
    ...(send.at !== undefined && { notBefore: send.at.toISOString() }),
  };
  const entry = { message, ...(send.at !== undefined && { at: send.at.getTime() }) };
  if (send.to === 'events') return { topic: eventsTopic(deployment.prefix), ...entry };
  if ('agent' in send.to) return { topic: topicOf(deployment.prefix, send.to.agent), ...entry };
  return {
    topic: deadTopicOf(deployment.prefix, contract.name),
    ...entry,
    extra: deadLetterAttributes(send.to.failure, send.to.deadLetterFor),
  };
}

/** What a message travels with; undefined for nothing. It is in the clear, wherever the message goes (I12). */
function baggageOf(
  inherited: Baggage | undefined,
  { baggage: added = [], type }: Send,
  { redact }: OutboxContext,
): Baggage | undefined {
  const baggage = withBaggage(inherited, added) ?? {};
  const names = Object.keys(baggage);
  if (names.length === 0) return undefined;
  const secret = redact && names.find((name) => redact(baggage[name] ?? '') !== baggage[name]);
  if (secret === undefined) return baggage;
  throw new MeshError('BaggageInvalid', `the baggage ${secret} of the ${type} holds a secret`, {
    field: secret,
  });
}

/**
 * Publishes an outbox: one request for each destination topic (I5), timers beside them. Rejects when any of it failed; then all of it
 * is published again, which is harmless (I2).
 */
export async function publishOutbox(outbox: readonly OutboxEntry[], ports: Ports): Promise<void> {
  const now = ports.clock.now();
  const byTopic = new Map<string, WireMessage[]>();
  const pending: Promise<void>[] = [];
  for (const { topic, message, at, extra } of outbox) {
    const wire = encodeMessage(message);
    const full = extra ? { ...wire, attributes: { ...wire.attributes, ...extra } } : wire;
    if (at !== undefined && at > now) {
      pending.push(ports.timers.schedule({ name: message.id, topic, message: full, at: new Date(at) }));
    } else {
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), full]);
    }
  }
  for (const [topic, messages] of byTopic) pending.push(ports.bus.publish(topic, messages));
  await Promise.all(pending);
}
