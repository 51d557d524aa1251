import type { EventRef, MessageRef, WorkflowRef } from '../contract/agent.ts';
import { attributesFrom } from '../contract/attributes.ts';
import { type CheckedIn, checkIn, type PayloadBlob } from '../contract/claim-check.ts';
import { encodeMessage } from '../contract/envelope.ts';
import { MeshError } from '../contract/errors.ts';
import { type Json, toJson } from '../contract/json.ts';
import { inputDigest, messageKey, runIdOf } from '../contract/keys.ts';
import type { Message, WireMessage } from '../contract/message.ts';
import { eventsTopic, topicOf } from '../contract/names.ts';
import type { Schema } from '../contract/schema.ts';
import { childSpan, formatTraceparent } from '../contract/trace.ts';
import { MOST_TIMED_BYTES } from '../kernel/message-limits.ts';
import { keyValueOf } from '../workflow/index.ts';

/** A message that a program sends, and its topic. */
export interface Outgoing {
  readonly topic: string;
  readonly message: Message;
  readonly wire: WireMessage;
  /** Of the whole input, also where a claim check stands in its place. */
  readonly inputDigest: string;
  /** The payload, where it is too large to inline: to be written before the message is published. */
  readonly blob?: PayloadBlob;
  /** The run that it starts, where it starts one. */
  readonly runId?: string;
}

export interface OutgoingOptions {
  readonly prefix: string;
  /** The `ce-source`: with the id it is the identity of the message. */
  readonly source: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** More attributes on the wire. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** The reply is kept in the agent's inbox, for `SentCommand.answer`. */
  readonly keepReply?: boolean;
  /** RFC 3339. After this time the agent does not handle it any more. */
  readonly deadline?: string;
  /** A run begins then, and a command is not handled before. Left out: now. */
  readonly at?: Date | undefined;
}

/** What may be sent: the reference of a message, or as much of one. */
export type Sendable = Pick<MessageRef, 'kind' | 'agent' | 'name' | 'type' | 'input' | 'inlineBytes'> &
  Partial<Pick<MessageRef, 'key' | 'claimCheckBytes'> & Pick<WorkflowRef, 'attributes'>>;

/**
 * Makes the message of a command, or the start of a workflow.
 *
 * @throws MeshError `SchemaMismatch` naming the field, `PayloadTooLarge`
 */
export function outgoingTo(ref: Sendable, input: unknown, options: OutgoingOptions): Outgoing {
  const what = `the input of ${ref.type}`;
  const data = toJson(input, 'SchemaMismatch', what);
  const parsed = checked(ref.input, data, what);
  attributesFrom(ref.attributes ?? {}, parsed, what);
  // A command waits in a timer, which carries less.
  const inlineBytes =
    options.at && ref.kind !== 'workflow' ? Math.min(ref.inlineBytes, MOST_TIMED_BYTES) : ref.inlineBytes;
  const topic = topicOf(options.prefix, ref.agent);
  const outgoing = outgoingOf({ ...ref, inlineBytes }, data, what, topic, options, ref.kind === 'workflow');
  if (ref.kind !== 'workflow') return outgoing;
  const key = ref.key === undefined ? messageKey(outgoing.message) : keyValueOf(parsed, ref.key, what);
  return { ...outgoing, runId: runIdOf(ref.name, key) };
}

/**
 * Makes the message of an event.
 *
 * @throws MeshError `SchemaMismatch` naming the field, `PayloadTooLarge`
 */
export function outgoingEvent(ref: EventRef, input: unknown, options: OutgoingOptions): Outgoing {
  const what = `the data of ${ref.type}`;
  const data = toJson(input, 'SchemaMismatch', what);
  checked(ref.data, data, what);
  return outgoingOf(ref, data, what, eventsTopic(options.prefix), options);
}

function outgoingOf(
  { type, inlineBytes, claimCheckBytes = 0 }: Pick<Sendable, 'type' | 'inlineBytes' | 'claimCheckBytes'>,
  data: Json,
  what: string,
  topic: string,
  { source, id, now, attributes = {}, keepReply = false, deadline, at }: OutgoingOptions,
  startsRun = false,
): Outgoing {
  const sent: CheckedIn = checkIn(data, { inlineBytes, claimCheckBytes }, what);
  const message: Message = {
    id,
    source,
    type,
    time: new Date(now).toISOString(),
    correlationId: id,
    traceparent: formatTraceparent(childSpan(undefined)),
    data: sent.data,
    ...(keepReply && { keepReply }),
    ...(deadline !== undefined && { deadline }),
    ...(at && { [startsRun ? 'startAt' : 'notBefore']: at.toISOString() }),
  };
  const encoded = encodeMessage(message);
  return {
    topic,
    message,
    wire: { ...encoded, attributes: { ...encoded.attributes, ...attributes } },
    inputDigest: inputDigest(data),
    ...(sent.blob && { blob: sent.blob }),
  };
}

/**
 * Holds what is to be sent against its schema, and says how much else is wrong.
 *
 * @throws MeshError `SchemaMismatch` naming the first field
 */
export function checked(schema: Schema, data: Json | undefined, what: string): unknown {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const [issue, ...more] = result.error.issues;
  const field = issue?.path.map(String).join('.') || 'data';
  const others = more.length > 0 ? ` (and ${more.length} more)` : '';
  const message = `${what}: ${field}: ${issue?.message ?? 'does not fit its schema'}${others}`;
  throw new MeshError('SchemaMismatch', message, { field });
}
