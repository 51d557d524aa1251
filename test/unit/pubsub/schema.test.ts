import { describe, expect, test } from 'vitest';
import type { Encoding } from '../../../emulator/pubsub/schema/compiled-schema.ts';
import { compileSchema } from '../../../emulator/pubsub/schema/schema.ts';
import { brokerWith, pull, SUBSCRIPTION, TOPIC } from './support.ts';

const AVRO = JSON.stringify({
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'note', type: ['null', 'string'], default: null },
  ],
});
const NARROWER = JSON.stringify({ type: 'record', name: 'Order', fields: [{ name: 'id', type: 'int' }] });
const PROTO = 'syntax = "proto3"; package shop; message Order { string id = 1; repeated int32 lines = 2; }';

function withSchema(type: string, definition: string, encoding: Encoding) {
  const { broker } = brokerWith();
  const revision = broker.schemas.create('projects/p', 'order', { type, definition });
  const schemaSettings = { schema: revision.schema, encoding };
  broker.updateTopic({ name: TOPIC, schemaSettings }, ['schema_settings']);
  const publish = (data: string | Uint8Array) => broker.publish(TOPIC, [{ data: Buffer.from(data) }]);
  return { broker, publish, schemaSettings, revision };
}

describe('a topic with a schema', () => {
  test.each([
    ['AVRO', AVRO, 'JSON', '{"id":"1","note":{"string":"x"}}', '{"id":1}'],
    ['AVRO', AVRO, 'BINARY', Buffer.from([2, 0x31, 0]), Buffer.from([2])],
    ['PROTOCOL_BUFFER', PROTO, 'JSON', '{"id":"1","lines":[1,2]}', '{"id":"1","unknown":2}'],
    ['PROTOCOL_BUFFER', PROTO, 'BINARY', Buffer.from([0x0a, 1, 0x31]), Buffer.from([0x0a, 9, 0x31])],
  ] as const)(
    '%s takes messages of it and refuses others, all of a request',
    async (type, definition, encoding, good, bad) => {
      const { broker, publish, revision } = withSchema(type, definition, encoding);
      publish(good);
      expect(() => publish(bad)).toThrow(expect.objectContaining({ status: 'INVALID_ARGUMENT' }));
      expect(() => broker.publish(TOPIC, [{ data: Buffer.from(good) }, { data: Buffer.from(bad) }])).toThrow(
        'does not match its schema',
      );
      const taken = await pull(broker);
      expect(taken.map(({ message }) => message.attributes)).toEqual([
        {
          googclient_schemaencoding: encoding,
          googclient_schemaname: 'projects/p/schemas/order',
          googclient_schemarevisionid: revision.revisionId,
        },
      ]);
    },
  );

  test('takes messages of any of the revisions between its first and last', () => {
    const { broker, publish, schemaSettings, revision } = withSchema('AVRO', AVRO, 'JSON');
    const second = broker.schemas.commit(schemaSettings.schema, { type: 'AVRO', definition: NARROWER });
    publish('{"id":"text"}');
    publish('{"id":7}');
    const only = (bounds: object) =>
      broker.updateTopic({ name: TOPIC, schemaSettings: { ...schemaSettings, ...bounds } }, [
        'schema_settings',
      ]);
    only({ lastRevisionId: revision.revisionId });
    expect(() => publish('{"id":7}')).toThrow('does not match');
    only({ firstRevisionId: second.revisionId });
    expect(() => publish('{"id":"text"}')).toThrow('does not match');
  });

  test('says which field a message lacks, however deep', () => {
    const inner = { type: 'record', name: 'Inner', fields: [{ name: 'deep', type: 'string' }] };
    const definition = JSON.stringify({
      type: 'record',
      name: 'Outer',
      fields: [
        { name: 'note', type: 'string', default: '' },
        { name: 'inner', type: inner },
      ],
    });
    const schema = compileSchema('AVRO', definition);
    const check = (message: string) => schema.check(Buffer.from(message), 'JSON');
    expect(() => check('{}')).toThrow('the field "inner" is missing');
    expect(() => check('{"inner":{}}')).toThrow('the field "inner.deep" is missing');
    check('{"inner":{"deep":"x"}}');
  });

  test('takes nothing once its schema is deleted', () => {
    const { broker, publish, schemaSettings } = withSchema('AVRO', AVRO, 'JSON');
    broker.schemas.delete(schemaSettings.schema);
    expect(broker.getTopic(TOPIC).schemaSettings?.schema).toBe('_deleted-schema_');
    expect(() => publish('{"id":"1"}')).toThrow(expect.objectContaining({ status: 'FAILED_PRECONDITION' }));
  });

  test('must name a schema and an encoding that are there', () => {
    const { broker } = brokerWith();
    const set = (schema: string, encoding: string) =>
      broker.createTopic({
        name: 'projects/p/topics/other',
        schemaSettings: { schema, encoding: encoding as Encoding },
      });
    expect(() => set('projects/p/schemas/none', 'JSON')).toThrow(
      expect.objectContaining({ status: 'NOT_FOUND' }),
    );
    broker.schemas.create('projects/p', 'order', { type: 'AVRO', definition: AVRO });
    expect(() => set('projects/p/schemas/order', 'XML')).toThrow('Invalid schema encoding');
    expect(() => broker.getTopic('projects/p/topics/other')).toThrow('not found');
  });
});

describe('a schema', () => {
  test('has revisions: the newest answers, an older one by its id, and one can be taken back to', () => {
    const { broker } = brokerWith();
    const first = broker.schemas.create('projects/p', 'order', { type: 'AVRO', definition: AVRO });
    const second = broker.schemas.commit(first.schema, { type: 'AVRO', definition: NARROWER });
    expect(broker.schemas.get(first.schema)).toBe(second);
    expect(broker.schemas.get(`${first.schema}@${first.revisionId}`)).toBe(first);
    const third = broker.schemas.rollback(first.schema, first.revisionId);
    expect(third).toMatchObject({ definition: AVRO });
    expect(third.revisionId).not.toBe(first.revisionId);
    expect(broker.schemas.listRevisions(first.schema).items).toEqual([third, second, first]);
    broker.schemas.deleteRevision(`${first.schema}@${third.revisionId}`);
    expect(broker.schemas.get(first.schema)).toBe(second);
  });

  test('keeps one revision, and has at most twenty', () => {
    const { broker } = brokerWith();
    const first = broker.schemas.create('projects/p', 'order', { type: 'AVRO', definition: AVRO });
    expect(() => broker.schemas.deleteRevision(`${first.schema}@${first.revisionId}`)).toThrow(
      'only revision',
    );
    for (let n = 1; n < 20; n++) broker.schemas.commit(first.schema, first);
    expect(() => broker.schemas.commit(first.schema, first)).toThrow(
      expect.objectContaining({ status: 'RESOURCE_EXHAUSTED' }),
    );
  });

  test.each([
    ['AVRO', '{"type":"strin"}', 'unknown type'],
    ['AVRO', 'no json', 'JSON'],
    ['PROTOCOL_BUFFER', 'syntax = "proto3"; message A {} message B {}', 'one top-level message'],
    ['PROTOCOL_BUFFER', 'syntax = "proto3"; import "x.proto"; message A {}', 'imports "x.proto"'],
    ['PROTOCOL_BUFFER', 'syntax = "proto3"; message A { Missing m = 1; }', 'Missing'],
    ['TYPE_UNSPECIFIED', '{}', 'Invalid schema type'],
  ])('of %s cannot be %s', (type, definition, message) => {
    const { broker } = brokerWith();
    expect(() => broker.schemas.create('projects/p', 'order', { type, definition })).toThrow(
      expect.objectContaining({ status: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
    expect(broker.schemas.list('projects/p').items).toEqual([]);
  });

  test('does not change its type', () => {
    const { broker } = brokerWith();
    const { schema } = broker.schemas.create('projects/p', 'order', { type: 'AVRO', definition: AVRO });
    expect(() => broker.schemas.commit(schema, { type: 'PROTOCOL_BUFFER', definition: PROTO })).toThrow(
      'type of a schema',
    );
    expect(broker.getSubscription(SUBSCRIPTION).topic).toBe(TOPIC);
  });
});
