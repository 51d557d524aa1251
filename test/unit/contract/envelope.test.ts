import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeData, decodeEnvelope, encodeMessage } from '../../../shared/contract/envelope.ts';
import type { Delivery, Message } from '../../../shared/contract/message.ts';

const text = fc.string({ minLength: 1, unit: 'grapheme' });
const time = fc
  .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

const messages = fc
  .record({
    id: text,
    source: text,
    type: fc.constantFrom('payments.charge', 'mesh.reply'),
    time,
    subject: optional(text),
    correlationId: text,
    causationId: optional(text),
    runId: optional(text),
    stepId: optional(text),
    replyTo: optional(text),
    deadline: optional(time),
    notBefore: optional(time),
    idempotencyKey: optional(text),
    redrive: optional(fc.integer({ min: 1, max: 999 })),
    traceparent: optional(fc.constant('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')),
    tracestate: optional(text),
    data: fc.jsonValue(),
  })
  .map((message) => JSON.parse(JSON.stringify(message)) as Message);

function delivered(wire: Partial<Delivery>): Delivery {
  return {
    data: new Uint8Array(),
    attributes: {},
    messageId: 'm-7',
    publishTime: '2026-01-01T00:00:00.000Z',
    subscription: 'mesh-payments',
    ...wire,
  };
}

describe('a message', () => {
  it('comes back from the wire as it went', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const delivery = delivered(encodeMessage(message));
        expect({ ...decodeEnvelope(delivery, 'payments'), data: decodeData(delivery) }).toEqual(message);
      }),
    );
  });

  it('has only lower-case attribute names, and the trace under both names', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const { attributes } = encodeMessage(message);
        for (const name of Object.keys(attributes)) expect(name).toMatch(/^[a-z][a-z0-9-_]*$/);
        expect(attributes.googclient_traceparent).toBe(attributes.traceparent);
      }),
    );
  });
});

describe('a plain message', () => {
  it('with a type alone gets its id, time and correlation from Pub/Sub', () => {
    const envelope = decodeEnvelope(delivered({ attributes: { type: 'charge' } }), 'payments');
    expect(envelope).toEqual({
      id: 'm-7',
      source: '/pubsub',
      type: 'payments.charge',
      time: '2026-01-01T00:00:00.000Z',
      correlationId: 'm-7',
    });
  });

  it('without data carries null', () => expect(decodeData(delivered({}))).toBeNull());

  it('keeps the trace that the publishing client library wrote', () => {
    const attributes = { 'ce-type': 'charge', googclient_traceparent: '00-aa-bb-01' };
    expect(decodeEnvelope(delivered({ attributes }), 'payments').traceparent).toBe('00-aa-bb-01');
  });
});

describe('a message of a schedule', () => {
  const attributes = { 'ce-type': 'daily', 'ce-source': '/agents/reports/schedules', schedule: 'nightly' };
  const idAt = (publishTime: string, messageId: string) =>
    decodeEnvelope(delivered({ attributes, publishTime, messageId }), 'reports').id;

  it('is the same message however often one tick is published, and another at the next', () => {
    const first = idAt('2026-01-01T00:05:00.120Z', 'm-1');
    expect(first).toBe('nightly@2026-01-01T00:05Z');
    expect(idAt('2026-01-01T00:05:59Z', 'm-2')).toBe(first);
    expect(idAt('2026-01-02T00:05:00Z', 'm-3')).not.toBe(first);
  });

  it('keeps an id of its own', () => {
    const own = delivered({ attributes: { ...attributes, 'ce-id': 'by-hand' } });
    expect(decodeEnvelope(own, 'reports').id).toBe('by-hand');
  });
});

describe('a structured CloudEvent', () => {
  const event = {
    specversion: '1.0',
    id: 'e-1',
    source: '/shop',
    type: 'payments.charge',
    deadline: '2026-01-02T00:00:00Z',
    data: { a: 1 },
  };
  const delivery = delivered({
    data: Buffer.from(JSON.stringify(event)),
    attributes: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
  });

  it('is read like a binary one', () => {
    expect(decodeEnvelope(delivery, 'payments')).toMatchObject({
      id: 'e-1',
      source: '/shop',
      type: 'payments.charge',
      deadline: '2026-01-02T00:00:00Z',
    });
    expect(decodeData(delivery)).toEqual({ a: 1 });
  });
});

describe('a message that can not be read', () => {
  it.each([
    [{ 'ce-type': 'charge', deadline: 'tomorrow' }, 'InvalidAttribute', 'deadline'],
    [{ 'ce-type': 'charge', 'ce-time': '2026-13-01T00:00:00Z' }, 'InvalidAttribute', 'ce-time'],
    [{ 'ce-type': 'charge', redrive: '-1' }, 'InvalidAttribute', 'redrive'],
    [{}, 'UnknownMessage', 'ce-type'],
  ])('%j is refused, naming the attribute', (attributes, code, field) => {
    expect(() => decodeEnvelope(delivered({ attributes }), 'payments')).toThrow(
      expect.objectContaining({ code, field }),
    );
  });

  it.each([['{"a":'], ['\xff\xfe'], ['undefined']])('data %j is refused, and not repeated', (data) => {
    expect(() => decodeData(delivered({ data: Buffer.from(data, 'latin1') }))).toThrow(
      expect.objectContaining({ code: 'NotJson', field: 'data', message: expect.not.stringContaining(data) }),
    );
  });

  it.each([
    ['lists', '['.repeat(50_000) + ']'.repeat(50_000)],
    ['objects', `${'{"a":'.repeat(201)}1${'}'.repeat(201)}`],
    ['lists that never end', '['.repeat(50_000)],
  ])('data of %s too deep to walk is refused', (_what, data) => {
    expect(() => decodeData(delivered({ data: Buffer.from(data) }))).toThrow(
      expect.objectContaining({ code: 'SchemaMismatch', field: 'data' }),
    );
  });

  it('brackets in a text are no depth', () => {
    const text = `\\"${'[{'.repeat(1_000)}`;
    expect(decodeData(delivered({ data: Buffer.from(JSON.stringify({ text })) }))).toEqual({ text });
  });
});

describe('a structured CloudEvent', () => {
  it('carries its data in base64 too', () => {
    const event = {
      id: '1',
      type: 'payments.charge',
      data_base64: Buffer.from('{"a":1}').toString('base64'),
    };
    const attributes = { 'content-type': 'application/cloudevents+json' };
    expect(decodeData(delivered({ attributes, data: Buffer.from(JSON.stringify(event)) }))).toEqual({ a: 1 });
  });
});

it.each([
  ['half a character', 'a\ud83d', 'is not Unicode'],
  ['over 1,024 bytes', 'é'.repeat(513), 'has over 1024 bytes'],
])(
  'an attribute of a structured event that Pub/Sub could not carry is refused: %s',
  (_, tracestate, rule) => {
    const event = { specversion: '1.0', id: '1', source: '/a', type: 'a.b', tracestate, data: {} };
    const delivery = {
      data: Buffer.from(JSON.stringify(event)),
      attributes: { 'content-type': 'application/cloudevents+json' },
      ...{ messageId: '1', publishTime: '2026-01-01T00:00:00Z', subscription: 's' },
    };
    expect(() => decodeEnvelope(delivery, 'a')).toThrow(
      expect.objectContaining({
        code: 'InvalidAttribute',
        field: 'tracestate',
        message: expect.stringContaining(rule),
      }),
    );
  },
);
