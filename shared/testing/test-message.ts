import { type BaggageEntry, withBaggage } from '../contract/baggage.ts';
import { type Duration, milliseconds } from '../contract/duration.ts';
import { encodeMessage } from '../contract/envelope.ts';
import { toJson } from '../contract/json.ts';
import type { Envelope, WireMessage } from '../contract/message.ts';
import type { Schema } from '../contract/schema.ts';

/** A message that a test sends, as Pub/Sub holds it. */
export interface TestMessage<Output = unknown> {
  readonly wire: WireMessage;
  /** Pub/Sub's own id of it. */
  readonly messageId: string;
  /** Milliseconds since the epoch. */
  readonly publishedAt: number;
  /** What its reply carries. */
  readonly output?: Schema<Output>;
}

/** What a message says beside its data. */
export interface PostDetails {
  /** How long after now nobody waits for the outcome any more; negative: since when. */
  readonly deadline?: Duration | `-${Duration}`;
  /** How long ago it was sent. */
  readonly sentAgo?: Duration;
  /** Not to be handled before so long from now. */
  readonly notBefore?: Duration;
  /** What it is known by, with its source: the same id is the same message. Left out: an id of its own. */
  readonly id?: string;
  readonly correlationId?: string;
  readonly subject?: string;
  readonly runId?: string;
  readonly stepId?: string;
  readonly idempotencyKey?: string;
  /** Whose payload it is, where the agent encrypts them. */
  readonly tenant?: string;
  /** Facts that travel with it. */
  readonly baggage?: readonly BaggageEntry[];
  /** The agent that the reply goes to. `false`: nobody waits for one. Left out: the test, for a command. */
  readonly replyTo?: string | false;
  /** More attributes. */
  readonly attributes?: Readonly<Record<string, string>>;
}

interface Addressed {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly replyTo: string | undefined;
  readonly now: number;
}

/** The message as it is published. */
export function testMessage<Output>(
  { id, type, data, replyTo, now }: Addressed,
  details: PostDetails,
  output: Schema<Output> | undefined,
): TestMessage<Output> {
  const { deadline, sentAgo, notBefore, attributes } = details;
  const to = details.replyTo === undefined ? replyTo : details.replyTo || undefined;
  const at = (ms: number) => new Date(ms).toISOString();
  const baggage = withBaggage(undefined, details.baggage ?? []);
  const { correlationId, subject, runId, stepId, idempotencyKey } = details;
  const envelope: Envelope = {
    id: details.id ?? id,
    source: '/test',
    type,
    time: at(now - (sentAgo === undefined ? 0 : milliseconds(sentAgo))),
    correlationId: correlationId ?? details.id ?? id,
    ...(to !== undefined && { replyTo: to }),
    ...(deadline !== undefined && { deadline: at(now + signed(deadline)) }),
    ...(notBefore !== undefined && { notBefore: at(now + milliseconds(notBefore)) }),
    ...(subject !== undefined && { subject }),
    ...(runId !== undefined && { runId }),
    ...(stepId !== undefined && { stepId }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(details.tenant !== undefined && { tenant: details.tenant }),
    ...(baggage && { baggage }),
  };
  const wire = encodeMessage({ ...envelope, data: toJson(data) });
  return {
    wire: { ...wire, attributes: { ...wire.attributes, ...attributes } },
    messageId: `pubsub-${id}`,
    publishedAt: now,
    ...(output && { output }),
  };
}

function signed(duration: Duration | `-${Duration}`): number {
  return duration.startsWith('-')
    ? -milliseconds(duration.slice(1) as Duration)
    : milliseconds(duration as Duration);
}
