import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../shared/contract/message.ts';
import { type PushRequest, readDelivery } from '../../../shared/function/delivery.ts';

const subscription = 'projects/demo-mesh/subscriptions/mesh-orders';
const publishTime = '2026-11-02T03:04:05.678Z';
const json = (body: unknown) => Buffer.from(JSON.stringify(body));
const base64 = (data: Uint8Array) => Buffer.from(data).toString('base64');

/** A name and a value that both an attribute and a header can have. */
const attributes = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).map((name) => `at-${name}`),
  fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/),
  { maxKeys: 6, noNullPrototype: true },
);
const delivery: fc.Arbitrary<Delivery> = fc
  .record({
    data: fc.uint8Array({ maxLength: 100 }),
    attributes,
    messageId: fc.stringMatching(/^[1-9][0-9]{0,20}$/),
    orderingKey: fc.option(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { nil: undefined }),
    deliveryAttempt: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
  })
  .map(({ orderingKey, deliveryAttempt, ...rest }) => ({
    ...rest,
    publishTime,
    subscription: 'mesh-orders',
    ...(orderingKey !== undefined && { orderingKey }),
    ...(deliveryAttempt !== undefined && { deliveryAttempt }),
  }));

/** The body of a wrapped push, as Pub/Sub writes it: both spellings of what has two. */
function wrapped({ data, attributes, messageId, orderingKey, deliveryAttempt }: Delivery) {
  return {
    ...(deliveryAttempt !== undefined && { deliveryAttempt }),
    message: {
      ...(Object.keys(attributes).length > 0 && { attributes }),
      ...(data.length > 0 && { data: base64(data) }),
      messageId,
      message_id: messageId,
      ...(orderingKey !== undefined && { orderingKey }),
      publishTime,
      publish_time: publishTime,
    },
    subscription,
  };
}

const FORMS: Record<string, (delivery: Delivery) => PushRequest> = {
  wrapped: (one) => ({ headers: { 'content-type': 'application/json' }, body: json(wrapped(one)) }),
  'Eventarc, binary': (one) => ({
    headers: {
      'content-type': 'application/json',
      'ce-id': one.messageId,
      'ce-source': '//pubsub.googleapis.com/projects/demo-mesh/topics/mesh-orders',
      'ce-type': 'google.cloud.pubsub.topic.v1.messagePublished',
      'ce-specversion': '1.0',
      'ce-time': publishTime,
    },
    body: json(wrapped(one)),
  }),
  'Eventarc, structured': (one) => ({
    headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    body: json({
      specversion: '1.0',
      id: one.messageId,
      type: 'google.cloud.pubsub.topic.v1.messagePublished',
      source: '//pubsub.googleapis.com/projects/demo-mesh/topics/mesh-orders',
      data: wrapped(one),
    }),
  }),
  'structured, data in base64': (one) => ({
    headers: { 'content-type': 'application/cloudevents+json' },
    body: json({ specversion: '1.0', id: '1', data_base64: base64(json(wrapped(one))) }),
  }),
  'unwrapped with metadata': (one) => ({
    headers: {
      host: 'orders.run.app',
      'user-agent': 'APIs-Google',
      authorization: 'Bearer x',
      'content-length': String(one.data.length),
      'content-type': 'application/octet-stream',
      'x-forwarded-for': '1.2.3.4',
      'x-cloud-trace-context': 'abc/1',
      ...one.attributes,
      'x-goog-pubsub-subscription-name': subscription,
      'x-goog-pubsub-message-id': one.messageId,
      'x-goog-pubsub-publish-time': publishTime,
      ...(one.orderingKey !== undefined && { 'x-goog-pubsub-ordering-key': one.orderingKey }),
      ...(one.deliveryAttempt !== undefined && {
        'x-goog-pubsub-delivery-attempt': String(one.deliveryAttempt),
      }),
    },
    body: one.data,
  }),
};

describe.each(Object.entries(FORMS))('a push, %s', (_form, write) => {
  test('is read as what was delivered, whatever that was', () => {
    fc.assert(
      fc.property(delivery, (one) => {
        const { data, ...rest } = readDelivery(write(one));
        const { data: given, ...expected } = one;
        expect(rest).toEqual(expected);
        expect(Buffer.from(data).equals(Buffer.from(given))).toBe(true);
      }),
    );
  });
});

describe('a wrapped push', () => {
  test('may spell its fields with underscores, and leave out data, attributes and subscription', () => {
    const body = json({ message: { message_id: '7', publish_time: publishTime, ordering_key: 'k' } });
    expect(readDelivery({ headers: {}, body })).toEqual({
      data: new Uint8Array(),
      attributes: {},
      messageId: '7',
      publishTime,
      subscription: '',
      orderingKey: 'k',
    });
  });

  test('that counts no attempts has none', () => {
    const body = json({ ...wrapped({ ...sample, data: new Uint8Array() }), deliveryAttempt: 0 });
    expect(readDelivery({ headers: {}, body })).not.toHaveProperty('deliveryAttempt');
  });
});

test("an unwrapped push gives Pub/Sub's own attributes their names back", () => {
  const headers = {
    'x-goog-pubsub-message-id': '7',
    'x-goog-pubsub-publish-time': publishTime,
    cloudpubsubdeadlettersourcedeliverycount: '5',
    cloudpubsubdeadlettersourcesubscription: 'mesh-orders',
    'content-type': 'application/json',
  };
  expect(readDelivery({ headers, body: new Uint8Array() }).attributes).toEqual({
    CloudPubSubDeadLetterSourceDeliveryCount: '5',
    CloudPubSubDeadLetterSourceSubscription: 'mesh-orders',
    'content-type': 'application/json',
  });
});

const sample: Delivery = {
  data: Buffer.from('{}'),
  attributes: {},
  messageId: '7',
  publishTime,
  subscription: 'mesh-orders',
};
const broken = (message: object) => json({ message: { messageId: '7', publishTime, ...message } });

describe('what is no push is refused, naming what is wrong', () => {
  test.each([
    ['nothing', new Uint8Array(), 'NotJson', 'body'],
    ['no JSON', Buffer.from('{oops'), 'NotJson', 'body'],
    ['no UTF-8', Uint8Array.from([0x22, 0xff, 0x22]), 'NotJson', 'body'],
    ['a JSON list', json([]), 'SchemaMismatch', 'body'],
    ['JSON without a message', json({ orderId: '1' }), 'SchemaMismatch', 'message'],
    ['no id', json({ message: { publishTime } }), 'SchemaMismatch', 'message.messageId'],
    ['no time', json({ message: { messageId: '7' } }), 'SchemaMismatch', 'message.publishTime'],
    ['data that is no base64', broken({ data: '{}' }), 'SchemaMismatch', 'message.data'],
    ['data that is no text', broken({ data: {} }), 'SchemaMismatch', 'message.data'],
    ['attributes in a list', broken({ attributes: [] }), 'SchemaMismatch', 'message.attributes'],
    [
      'an attribute that is a number',
      broken({ attributes: { n: 1 } }),
      'SchemaMismatch',
      'message.attributes.n',
    ],
  ])('%s', (_what, body, code, field) => {
    expect(() => readDelivery({ headers: {}, body })).toThrow(expect.objectContaining({ code, field }));
  });

  test('any bytes are either read or refused in order', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.jsonValue().map(json)), (body) => {
        try {
          readDelivery({ headers: {}, body });
        } catch (error) {
          expect(error).toMatchObject({ name: 'MeshError', field: expect.any(String) });
        }
      }),
    );
  });
});
