import fc from 'fast-check';
import protobuf, { type Field, type Type } from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { AccessControl } from '../../../emulator/iam/access-control.ts';
import { pubsubApis } from '../../../emulator/pubsub/api.ts';
import { Broker } from '../../../emulator/pubsub/broker.ts';
import { secretsApi } from '../../../emulator/secrets/api.ts';
import { SecretVault } from '../../../emulator/secrets/secret-vault.ts';
import { tasksApi } from '../../../emulator/tasks/api.ts';
import { TaskQueues } from '../../../emulator/tasks/task-queues.ts';
import type { Api } from '../../../emulator/wire/api.ts';
import { StatusError } from '../../../emulator/wire/status.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

/** Names that may well be there, and ones that cannot be. */
const NAMES = [
  'projects/p',
  'projects/p/topics/one',
  'projects/p/topics/two',
  'projects/p/subscriptions/one',
  'projects/p/snapshots/one',
  'projects/p/schemas/one',
  'projects/p/secrets/one',
  'projects/p/secrets/one/versions/1',
  'projects/p/locations/l',
  'projects/p/locations/l/queues/q',
  'projects/p/locations/l/queues/q/tasks/t',
  'projects/p/topics/',
  '',
  '__proto__',
];
const TEXTS = [
  'one',
  'attributes:a',
  '{"type":"string"}',
  'http://127.0.0.1:1/',
  'labels',
  'toString',
  'a.b',
  '\u0000',
];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string() },
);
const whole = fc.oneof(fc.integer({ min: -2, max: 700 }), fc.integer());

/** Requests of a type, as they come off the wire: each field may be absent. */
function requestsOf(type: Type, depth = 0): fc.Arbitrary<object> {
  const fields = type.fieldsArray.map((field) => [field.resolve().name, valuesOf(field, depth)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

function valuesOf(field: Field, depth: number): fc.Arbitrary<unknown> {
  const one = singlesOf(field, depth);
  if (field.map)
    return fc.dictionary(fc.constantFrom('a', 'goog', 'k'.repeat(300), '__proto__'), one, { maxKeys: 2 });
  return field.repeated ? fc.array(one, { maxLength: 3 }) : one;
}

function singlesOf({ type, resolvedType }: Field, depth: number): fc.Arbitrary<unknown> {
  if (resolvedType instanceof protobuf.Enum) return fc.constantFrom(...Object.keys(resolvedType.values));
  if (resolvedType) return depth > 3 ? fc.constant({}) : requestsOf(resolvedType, depth + 1);
  if (type === 'bool') return fc.boolean();
  if (type === 'bytes') return fc.uint8Array({ maxLength: 4 });
  if (type === 'double' || type === 'float') return fc.double();
  if (type === 'string') return text;
  return type.endsWith('64') ? whole.map(String) : whole;
}

/** Fresh services, with something of each kind in them. */
function services(): Api[] {
  const clock = new ManualClock();
  const access = new AccessControl();
  const broker = new Broker({
    clock,
    pushTransport: async () => ({ status: 204 }),
    signToken: () => 'token',
  });
  broker.createTopic({ name: 'projects/p/topics/one' });
  broker.createSubscription({ name: 'projects/p/subscriptions/one', topic: 'projects/p/topics/one' });
  broker.schemas.create('projects/p', 'one', { type: 'AVRO', definition: '{"type":"string"}' });
  broker.snapshots.create('projects/p/snapshots/one', 'projects/p/subscriptions/one');
  const queues = new TaskQueues({ clock, transport: async () => ({ status: 200 }) });
  queues.createQueue('projects/p/locations/l', 'projects/p/locations/l/queues/q');
  const vault = new SecretVault(clock, { p: { one: 'value' } });
  return [...pubsubApis(broker, access), tasksApi(queues, access), secretsApi(vault, access)];
}

const calls = services().flatMap(({ protocol, service, methods }) =>
  protocol.root
    .lookupService(service)
    .methodsArray.filter(({ name }) => name in methods)
    .map((method) => method.resolve() as protobuf.Method)
    .map(({ name, resolvedRequestType }) => ({
      service,
      name,
      requests: requestsOf(resolvedRequestType as Type),
    })),
);

describe('any request', () => {
  test.each(calls)(
    '$service/$name is answered, or refused with a status of its own',
    async ({ service, name, requests }) => {
      const apis = services();
      const api = apis.find((each) => each.service === service);
      const wire = api?.protocol.service(service)[name];
      // What a pull waits for does not come: its caller goes away at once.
      const info = { signal: AbortSignal.abort(), header: () => undefined };
      await fc.assert(
        fc.asyncProperty(requests, async (request) => {
          try {
            const answer = await api?.methods[name]?.(request as never, info);
            expect(wire?.responseSerialize(answer)).toBeInstanceOf(Uint8Array);
          } catch (error) {
            expect(error).toBeInstanceOf(StatusError);
          }
        }),
        { numRuns: 60 },
      );
    },
  );
});
