import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import type { Type } from 'protobufjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FirestoreServer, startFirestore } from '../../../emulator/firestore/server.ts';
import { Protocol } from '../../../emulator/wire/protocol.ts';
import { anyMessage } from '../../support/any-message.ts';
import { eventually } from '../../support/eventually.ts';
import { FirestoreWire, type ServiceName } from '../../support/firestore-wire.ts';

/** Whatever comes over the wire is answered with a status, and harms nobody else. */
const database = 'projects/p/databases/(default)';
const root = `${database}/documents`;
const texts = [
  database,
  root,
  `${root}/c/a`,
  `${root}/c/a/d`,
  `${root}/c/__id7__`,
  `${root}//`,
  `${database}/collectionGroups/c`,
  `${database}/collectionGroups/c/fields/f`,
  `${database}/collectionGroups/c/indexes/_`,
  'projects/p',
  'projects/p/locations/l',
  'c',
  'f',
  'f.g',
  '`',
  '__name__',
  '',
];
const protocol = new Protocol('@google-cloud/firestore-api/build/protos/protos.json');
let server: FirestoreServer;

beforeAll(async () => {
  server = await startFirestore();
});
afterAll(() => server.close());

function requestOf(service: ServiceName, name: string): Type {
  const method = protocol.root.lookupService(service).methods[name];
  method?.resolve();
  if (!method?.resolvedRequestType) throw new Error(`${name} has no request`);
  return method.resolvedRequestType;
}

/** Answers, or a status that says what is wrong with the request: not that something is wrong with the server. */
function expectAnswer(outcome: object): void {
  if (!('code' in outcome)) return;
  expect([status.INTERNAL, status.UNKNOWN, status.CANCELLED, status.DEADLINE_EXCEEDED]).not.toContain(
    outcome.code,
  );
}

async function expectServes(): Promise<void> {
  const wire = new FirestoreWire(server.address);
  expect(await wire.outcome('ListCollectionIds', { parent: root })).toHaveProperty('answers');
  wire.close();
}

describe.each<ServiceName>(['google.firestore.v1.Firestore', 'google.firestore.admin.v1.FirestoreAdmin'])(
  '%s',
  (service) => {
    const methods = protocol.root
      .lookupService(service)
      .methodsArray.filter(({ requestStream }) => !requestStream);

    test.each(methods.map(({ name }) => name))('any request of %s is answered', async (name) => {
      const wire = new FirestoreWire(server.address, service);
      await fc.assert(
        fc.asyncProperty(anyMessage(requestOf(service, name), texts), async (request) => {
          expectAnswer(await wire.outcome(name, request));
        }),
        { numRuns: 60 },
      );
      wire.close();
    });
  },
);

test.each(['Listen', 'Write'])('any requests on a stream of %s are answered, or end it', async (name) => {
  const wire = new FirestoreWire(server.address);
  const anyRequests = fc.array(anyMessage(requestOf('google.firestore.v1.Firestore', name), texts), {
    minLength: 1,
    maxLength: 3,
  });
  await fc.assert(
    fc.asyncProperty(anyRequests, async (requests) => {
      const stream = wire.open(name);
      const ended = new Promise<object>((resolve) => {
        stream.on('error', resolve);
        stream.on('end', () => resolve({}));
      });
      stream.on('data', () => {});
      for (const request of requests) stream.write(request);
      stream.end();
      expectAnswer(await ended);
    }),
    { numRuns: 60 },
  );
  wire.close();
  await eventually(() => expect(server.store.named(database).openWatches).toBe(0));
});

describe('the port', () => {
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const junk = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes));

  test('survives whatever is written to it, and connections that break off', async () => {
    const opening = fc.constantFrom(
      preface,
      preface.subarray(0, 9),
      Buffer.from('GET / HTTP/1.1\r\n'),
      Buffer.alloc(0),
    );
    await fc.assert(
      fc.asyncProperty(
        opening,
        fc.array(junk, { maxLength: 3 }),
        fc.boolean(),
        async (first, rest, abrupt) => {
          const [host = '', port = ''] = server.address.split(':');
          const socket = connect(Number(port), host);
          socket.on('error', () => {});
          await new Promise((resolve) => socket.once('connect', resolve));
          for (const bytes of [first, ...rest]) if (!socket.destroyed) socket.write(bytes);
          const closed = new Promise((resolve) => socket.once('close', resolve));
          if (abrupt) socket.resetAndDestroy();
          else socket.destroy();
          await closed;
        },
      ),
      { numRuns: 80 },
    );
    await expectServes();
  });

  test('answers a request of more than 10 MiB with its limit, and a message that is none with a status', async () => {
    const wire = new FirestoreWire(server.address);
    const bytesValue = Buffer.alloc(11 * 1024 * 1024);
    const writes = [{ update: { name: `${root}/c/big`, fields: { big: { bytesValue } } } }];
    expect(await wire.outcome('Commit', { database, writes })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: expect.stringContaining('10485760'),
    });
    wire.close();
    await expectServes();
  });

  test('forgets the transactions and listeners of clients that went away in the middle', async () => {
    const wire = new FirestoreWire(server.address);
    const held = server.store.named('projects/gone/databases/(default)');
    const named = { database: held.name };
    const stream = wire.open('Listen');
    stream.on('error', () => {});
    stream.write({ ...named, addTarget: { targetId: 1, documents: { documents: [`${held.root}/c/a`] } } });
    await new Promise((resolve) => stream.once('data', resolve));
    const blocker = held.begin();
    await held.get(['c/a'], { transaction: blocker });
    // Its read has to wait: it begins a transaction whose name nobody will ever hear.
    const waiting = wire.stream('BatchGetDocuments', {
      ...named,
      documents: [`${held.root}/c/a`],
      newTransaction: { readWrite: {} },
    });
    waiting.on('error', () => {});
    await eventually(() => expect(held.openTransactions).toBe(2));
    stream.cancel();
    waiting.cancel();
    await eventually(() => expect([held.openWatches, held.openTransactions]).toEqual([0, 1]));
    held.rollback(blocker);
    wire.close();
  });
});
