import { baggageAttributes, readBaggage } from './baggage.ts';
import { isTenant } from './encryption.ts';
import { MeshError } from './errors.ts';
import { DEEPEST_DATA, type Json } from './json.ts';
import type { Delivery, Envelope, Message, WireMessage } from './message.ts';
import { scheduleSourceOf } from './names.ts';

/**
 * The wire format: the CloudEvents 1.0 Pub/Sub binding in binary mode
 * (https://github.com/google/knative-gcp/blob/main/docs/spec/pubsub-protocol-binding.md): attributes `ce-*`, JSON data. The
 * structured mode (`content-type: application/cloudevents+json`) and plain messages with a `type` attribute are read too.
 */
const ATTRIBUTE = {
  id: 'ce-id',
  source: 'ce-source',
  type: 'ce-type',
  time: 'ce-time',
  subject: 'ce-subject',
  correlationId: 'correlationid',
  causationId: 'causationid',
  runId: 'runid',
  stepId: 'stepid',
  replyTo: 'replyto',
  deadline: 'deadline',
  notBefore: 'notbefore',
  startAt: 'startat',
  scheduleId: 'scheduleid',
  idempotencyKey: 'idempotencykey',
  cursor: 'cursor',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  tenant: 'meshtenant',
} as const satisfies Partial<Record<keyof Envelope, string>>;

const STRUCTURED = 'application/cloudevents+json';
const DEFAULT_SOURCE = '/pubsub';
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The message as Pub/Sub carries it. Writes the trace context under both names that Google's tools read. */
export function encodeMessage(message: Message): WireMessage {
  const attributes: Record<string, string> = {
    'ce-specversion': '1.0',
    'content-type': 'application/json',
  };
  for (const [field, attribute] of Object.entries(ATTRIBUTE)) {
    const value = message[field as keyof typeof ATTRIBUTE];
    if (value !== undefined) attributes[attribute] = value;
  }
  if (message.redrive) attributes.redrive = String(message.redrive);
  if (message.keepReply) attributes.keepreply = 'true';
  if (message.baggage) Object.assign(attributes, baggageAttributes(message.baggage));
  if (message.traceparent) attributes.googclient_traceparent = message.traceparent;
  return { data: encoder.encode(JSON.stringify(message.data)), attributes };
}

/** Bytes that the data of a message takes on the wire. */
export function dataBytes(data: Json): number {
  return Buffer.byteLength(JSON.stringify(data));
}

/**
 * The envelope of a delivery, with defaults for what a plain publisher leaves out: the Pub/Sub message id becomes the id, the
 * publish time the time, the id the correlation id; a type without a dot is this agent's (`charge` is `payments.charge`).
 * Throws `InvalidAttribute` or `BaggageInvalid` naming the attribute, `UnknownMessage` when there is no type at all.
 */
export function decodeEnvelope(delivery: Delivery, agent: string): Envelope {
  const given = delivery.attributes['content-type']?.startsWith(STRUCTURED)
    ? structuredAttributes(delivery)
    : delivery.attributes;
  const read = (field: keyof typeof ATTRIBUTE): string | undefined => given[ATTRIBUTE[field]] || undefined;
  const type = read('type') ?? given.type;
  if (!type) {
    throw new MeshError('UnknownMessage', 'the message has no type', {
      field: 'ce-type',
      hint: `Publish with the attribute ce-type, such as ce-type=${agent}.<message>.`,
    });
  }
  // Only of a schedule of ours: others have attributes of that name too, and must not be taken for one another.
  const strike = read('source') === scheduleSourceOf(agent) ? strikeOf(given.schedule, delivery) : undefined;
  const id = read('id') ?? strike ?? delivery.messageId;
  const traceparent = read('traceparent') ?? given.googclient_traceparent ?? given['ce-traceparent'];
  return compact({
    id,
    source: read('source') ?? DEFAULT_SOURCE,
    type: type.includes('.') ? type : `${agent}.${type}`,
    time: timestamp('ce-time', read('time')) ?? delivery.publishTime,
    subject: read('subject'),
    correlationId: read('correlationId') ?? id,
    causationId: read('causationId'),
    runId: read('runId'),
    stepId: read('stepId'),
    replyTo: read('replyTo'),
    keepReply: given.keepreply === 'true' ? (true as const) : undefined,
    deadline: timestamp('deadline', read('deadline')),
    notBefore: timestamp('notbefore', read('notBefore')),
    startAt: timestamp('startat', read('startAt')),
    scheduleId: read('scheduleId'),
    idempotencyKey: read('idempotencyKey'),
    cursor: read('cursor'),
    redrive: count('redrive', given.redrive),
    traceparent,
    tracestate: read('tracestate'),
    tenant: tenant(read('tenant')),
    baggage: readBaggage(given),
  });
}

/** The JSON data of a delivery; empty data is `null`. Throws `NotJson`, and `SchemaMismatch` for data that is absurdly deep. */
export function decodeData(delivery: Delivery): Json {
  if (!delivery.attributes['content-type']?.startsWith(STRUCTURED)) return parseJson(delivery.data);
  const { data = null, data_base64: base64 } = structuredEvent(delivery);
  return typeof base64 === 'string' ? parseJson(Buffer.from(base64, 'base64')) : data;
}

/** How deep lists and objects stand in one another. Told by the bytes: whatever walks a value that is too deep runs out of stack. */
function depthOf(json: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) deepest = Math.max(deepest, ++depth);
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
  }
  return deepest;
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = encoder.encode('"\\[]{}');

/** JSON in UTF-8; no bytes are `null`. Throws `NotJson`, and `SchemaMismatch` for what is absurdly deep. */
export function parseJson(bytes: Uint8Array): Json {
  if (bytes.length === 0) return null;
  const depth = depthOf(bytes);
  if (depth > DEEPEST_DATA) {
    throw new MeshError('SchemaMismatch', `the data is ${depth} levels deep; the limit is ${DEEPEST_DATA}`, {
      field: 'data',
    });
  }
  try {
    return JSON.parse(decoder.decode(bytes)) as Json;
  } catch (cause) {
    // The parser's own message quotes the data, which may be secret (I12): only its position is told.
    const position = /at position \d+.*$/.exec((cause as Error).message)?.[0];
    throw new MeshError('NotJson', `the data is not JSON${position ? `, ${position}` : ''}`, {
      field: 'data',
    });
  }
}

function structuredEvent(delivery: Delivery): { readonly [key: string]: Json } {
  const event = parseJson(delivery.data);
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw new MeshError('NotJson', 'a structured CloudEvent is a JSON object', { field: 'data' });
  }
  return event as { readonly [key: string]: Json };
}

/** A structured event's fields under the names they have in binary mode: context `ce-*`, extensions bare. */
function structuredAttributes(delivery: Delivery): Record<string, string> {
  const context = new Set(['id', 'source', 'type', 'time', 'subject', 'specversion']);
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(structuredEvent(delivery))) {
    if (name === 'data' || value === null || typeof value === 'object') continue;
    const attribute = context.has(name) ? `ce-${name}` : name;
    attributes[attribute] = checkAttribute(attribute, String(value));
  }
  return { ...attributes, ...delivery.attributes };
}

/** In binary mode Pub/Sub sees to it: some of them are sent on, and what can't be published would never leave. */
function checkAttribute(attribute: string, text: string): string {
  const field = attribute.slice(0, 100).toWellFormed();
  const wrong = (rule: string) => new MeshError('InvalidAttribute', `${field} ${rule}`, { field });
  if (!`${attribute}${text}`.isWellFormed()) throw wrong('is not Unicode: it holds half a character');
  if (Buffer.byteLength(text) > MOST_ATTRIBUTE_BYTES) throw wrong(`has over ${MOST_ATTRIBUTE_BYTES} bytes`);
  return text;
}

/** https://cloud.google.com/pubsub/quotas#resource_limits */
const MOST_ATTRIBUTE_BYTES = 1_024;

/**
 * What a message of a schedule is known by: the schedule and the minute. Cloud Scheduler publishes a job's attributes as they
 * stand, with none that tells the tick (https://docs.cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#PubsubTarget),
 * and now and then it publishes one tick twice: cron's finest grain tells which two are one.
 */
function strikeOf(schedule: string | undefined, { publishTime }: Delivery): string | undefined {
  const at = Date.parse(publishTime);
  if (!schedule || Number.isNaN(at)) return undefined;
  return `${schedule}@${new Date(at).toISOString().slice(0, 'yyyy-mm-ddThh:mm'.length)}Z`;
}

function tenant(text: string | undefined): string | undefined {
  if (text === undefined || isTenant(text)) return text;
  throw new MeshError('InvalidAttribute', `meshtenant is no name of a tenant: ${JSON.stringify(text)}`, {
    field: 'meshtenant',
  });
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function timestamp(attribute: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!RFC3339.test(text) || Number.isNaN(Date.parse(text))) {
    throw new MeshError('InvalidAttribute', `${attribute} is not an RFC 3339 time: ${JSON.stringify(text)}`, {
      field: attribute,
    });
  }
  return text;
}

function count(attribute: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text)) {
    throw new MeshError('InvalidAttribute', `${attribute} is not a whole number: ${JSON.stringify(text)}`, {
      field: attribute,
    });
  }
  return Number(text);
}

function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never;
}
