import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PubSubServer, startPubSub } from '../../emulator/pubsub/server.ts';
import { Protocol } from '../../emulator/wire/protocol.ts';
import { eventually } from '../support/eventually.ts';

const TOPIC = 'projects/p/topics/orders';
const SUBSCRIPTION = 'projects/p/subscriptions/orders';
const PUBLISH = '/google.pubsub.v1.Publisher/Publish';
const { root } = new Protocol('@google-cloud/pubsub-api/build/protos/protos.json');

let server: PubSubServer;

beforeAll(async () => {
  server = await startPubSub();
  server.broker.createTopic({ name: TOPIC });
  server.broker.createSubscription({ name: SUBSCRIPTION, topic: TOPIC });
});
afterAll(() => server.close());

/** A gRPC frame: no compression, the length, the message. */
function frame(message: Uint8Array, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

function encoded(type: string, message: object): Uint8Array {
  const found = root.lookupType(`google.pubsub.v1.${type}`);
  return found.encode(found.fromObject(message)).finish();
}

const good = encoded('PublishRequest', { topic: TOPIC, messages: [{ data: Buffer.from('hi') }] });

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors */
function statusOfReset(code: number): string | undefined {
  if (code === constants.NGHTTP2_NO_ERROR) return undefined;
  return code === constants.NGHTTP2_ENHANCE_YOUR_CALM ? '8' : '13';
}

/** Sends bytes as the body of a call and resolves with its gRPC status; undefined where there is none. */
async function call(path: string, body: Uint8Array): Promise<string | undefined> {
  const session = connectHttp2(`http://${server.address}`);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: string | undefined;
    const read = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] !== undefined) status = String(headers['grpc-status']);
    };
    stream
      .on('response', read)
      .on('trailers', read)
      .on('error', () => {});
    stream.resume();
    stream.end(body);
    await new Promise((resolve) => stream.on('close', resolve));
    return status ?? statusOfReset(stream.rstCode);
  } finally {
    session.destroy();
  }
}

/** Sends bytes on a connection of their own and waits for the server to be done with them, or for the caller to go away. */
async function spray(bytes: Uint8Array): Promise<void> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  socket.end(bytes);
  await once(socket, 'close');
}

async function stillServes(): Promise<void> {
  expect(await call(PUBLISH, frame(good))).toBe('0');
  const rest = await fetch(`http://${server.address}/v1/${TOPIC}`);
  expect(rest.status).toBe(200);
  await rest.arrayBuffer();
}

describe('a server', () => {
  test('answers bytes that are no message with a status, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        expect(await call(PUBLISH, frame(bytes))).toMatch(/^\d+$/);
      }),
      { numRuns: 30 },
    );
    await stillServes();
  });

  test('publishes no message of a request that was cut off or changed on its way', async () => {
    const before = server.broker.status().get(SUBSCRIPTION)?.published ?? 0;
    for (let length = 1; length < good.length; length++) {
      expect(await call(PUBLISH, frame(good.subarray(0, length)))).not.toBe('0');
    }
    expect(server.broker.status().get(SUBSCRIPTION)?.published).toBe(before);
  });

  test('ends a call whose frame ends early, or is of more than it takes', async () => {
    expect(await call(PUBLISH, frame(good, good.length + 10))).not.toBe('0');
    expect(await call(PUBLISH, frame(good, 0x7fffffff))).toBe('8');
    expect(await call(PUBLISH, frame(good).subarray(0, 3))).not.toBe('0');
    expect(await call(PUBLISH, new Uint8Array())).not.toBe('0');
    await stillServes();
  });

  test('refuses more than 10 MB of messages, and lives', async () => {
    const large = { topic: TOPIC, messages: [{ data: Buffer.alloc(10_000_001) }] };
    expect(await call(PUBLISH, frame(encoded('PublishRequest', large)))).toBe('3');
    const huge = { topic: TOPIC, messages: [{ data: Buffer.alloc(24_000_000) }] };
    expect(await call(PUBLISH, frame(encoded('PublishRequest', huge)))).toBe('3');
    await stillServes();
  });

  test('says UNIMPLEMENTED for a method that there is not', async () => {
    expect(await call('/google.pubsub.v1.Publisher/Nothing', frame(good))).toBe('12');
    expect(await call('/nothing', frame(good))).toBe('12');
  });

  test.each([
    ['nothing', ''],
    ['a part of the preface of HTTP/2', 'PRI * HT'],
    ['the preface and then rubbish', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrubbish, rubbish, rubbish'],
    ['a request line alone', 'POST /v1/'],
    ['no protocol at all', '\u0000\u0001\u0002'],
    [
      'a body that is shorter than it says',
      'POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc',
    ],
    ['two lengths', 'POST /v1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na'],
  ])('outlives a connection that brings %s', async (_what, bytes) => {
    await spray(Buffer.from(bytes, 'latin1'));
    await stillServes();
  });

  test('outlives connections that bring anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), (bytes) => spray(bytes)),
      { numRuns: 30 },
    );
    await stillServes();
  });

  test('keeps nothing of streams whose callers are gone', async () => {
    const open = encoded('StreamingPullRequest', {
      subscription: SUBSCRIPTION,
      streamAckDeadlineSeconds: 10,
    });
    const before = server.broker.status().get(SUBSCRIPTION)?.consumers;
    for (let n = 0; n < 20; n++) {
      const session = connectHttp2(`http://${server.address}`);
      const stream = session.request({
        ':method': 'POST',
        ':path': '/google.pubsub.v1.Subscriber/StreamingPull',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => {});
      stream.write(frame(open));
      await once(stream, 'response');
      if (n % 3 === 0) stream.close(constants.NGHTTP2_CANCEL);
      else if (n % 3 === 1) stream.end(frame(open).subarray(0, 7));
      session.destroy();
    }
    await eventually(() => expect(server.broker.status().get(SUBSCRIPTION)?.consumers).toBe(before));
    await stillServes();
  });
});
