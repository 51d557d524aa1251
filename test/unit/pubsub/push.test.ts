import { describe, expect, test } from 'vitest';
import { PushWindow } from '../../../emulator/pubsub/push-window.ts';
import {
  answering,
  brokerWith,
  HandTransport,
  PUSH,
  publish,
  SECOND,
  SUBSCRIPTION,
  statusOf,
} from './support.ts';

const ENDPOINT = PUSH.pushConfig.endpoint;

describe('a push', () => {
  test.each([102, 200, 201, 202, 204])('is acked by %i', async (status) => {
    const { broker, clock } = brokerWith(PUSH, { pushTransport: answering(() => status) });
    publish(broker, 'a');
    await clock.advance(0);
    expect(statusOf(broker)).toMatchObject({ acked: 1, nacked: 0, delivered: 1 });
    expect(broker.idle()).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test.each([203, 206, 301, 400, 404, 429, 500, 503])('is nacked by %i', async (status) => {
    const { broker, clock } = brokerWith(PUSH, { pushTransport: answering(() => status) });
    publish(broker, 'a');
    await clock.advance(0);
    expect(statusOf(broker)).toMatchObject({ acked: 0, nacked: 1 });
  });

  test('that cannot be sent is nacked', async () => {
    const transport = new HandTransport();
    const { broker } = brokerWith(PUSH, { pushTransport: transport.send });
    publish(broker, 'a');
    await transport.last.fail();
    expect(statusOf(broker)).toMatchObject({ nacked: 1, backlog: 1, outstanding: 0 });
  });

  test('times out with the ack deadline: the request is aborted, and its late answer counts for nothing', async () => {
    const transport = new HandTransport();
    const { broker, clock } = brokerWith(
      { ...PUSH, ackDeadlineSeconds: 30 },
      { pushTransport: transport.send },
    );
    publish(broker, 'a');
    expect(transport.last).toMatchObject({ url: ENDPOINT, timeoutMs: 30 * SECOND });
    await clock.advance(30 * SECOND);
    const [first] = transport.sent;
    expect(first?.signal?.aborted).toBe(true);
    await clock.advance(100);
    expect(transport.texts).toEqual(['a', 'a']);
    await first?.answer(200);
    expect(statusOf(broker)).toMatchObject({ expired: 1, acked: 0, outstanding: 1 });
  });

  test('waits for the longer of the push backoff and the retry policy', async () => {
    const retryPolicy = { minimumBackoffMs: 300, maximumBackoffMs: 300 };
    const transport = new HandTransport();
    const { broker, clock } = brokerWith({ ...PUSH, retryPolicy }, { pushTransport: transport.send });
    publish(broker, 'a');
    const delays: number[] = [];
    for (let count = 1; count <= 4; count += 1) {
      await transport.last.answer(500);
      const failedAt = clock.now();
      while (transport.sent.length === count) await clock.advance(10);
      delays.push(clock.now() - failedAt);
    }
    expect(delays).toEqual([300, 300, 400, 800]);
  });

  test('carries a token for the audience, signed once', async () => {
    const claims: object[] = [];
    const transport = new HandTransport();
    const oidcToken = { serviceAccountEmail: 'mesh@p.test' };
    const { broker, clock } = brokerWith(
      { pushConfig: { endpoint: ENDPOINT, oidcToken } },
      {
        pushTransport: transport.send,
        signToken: (given) => {
          claims.push(given);
          return `token-${claims.length}`;
        },
      },
    );
    publish(broker, 'a', 'b');
    await clock.advance(0);
    expect(transport.sent.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer token-1',
      'Bearer token-1',
    ]);
    expect(claims).toMatchObject([
      { iss: 'https://accounts.google.com', aud: ENDPOINT, email: 'mesh@p.test', email_verified: true },
    ]);
    for (const push of transport.sent) await push.answer(200);
    await clock.advance(3600 * SECOND);
    publish(broker, 'c');
    await clock.advance(0);
    expect(transport.last.headers.authorization).toBe('Bearer token-2');
  });

  test('stops when the subscription turns to pull; what is under way may still be acked', async () => {
    const transport = new HandTransport();
    const { broker } = brokerWith(PUSH, { pushTransport: transport.send });
    publish(broker, 'a');
    broker.modifyPushConfig(SUBSCRIPTION, undefined);
    publish(broker, 'b');
    await transport.last.answer(200);
    expect(transport.texts).toEqual(['a']);
    expect(statusOf(broker)).toMatchObject({ acked: 1, backlog: 1 });
  });

  test('is aborted when its subscription is deleted', () => {
    const transport = new HandTransport();
    const { broker, clock } = brokerWith(PUSH, { pushTransport: transport.send });
    publish(broker, 'a');
    broker.deleteSubscription(SUBSCRIPTION);
    expect(transport.last.signal?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('the push window', () => {
  test('starts at a single digit and grows as pushes succeed', async () => {
    const transport = new HandTransport();
    const { broker } = brokerWith(PUSH, { pushTransport: transport.send });
    publish(broker, ...Array.from({ length: 100 }, String));
    expect(transport.sent.length).toBeLessThan(10);
    for (let index = 0; index < 100; index += 1) await transport.sent[index]?.answer(200);
    expect(transport.peak).toBeGreaterThan(20);
    expect(statusOf(broker).acked).toBe(100);
  });

  test('shrinks and pauses once for requests that fail together', () => {
    const window = new PushWindow();
    for (let count = 0; count < 35; count += 1) window.succeeded();
    const size = window.size;
    const { round } = window;
    const pauses = [window.failed(round), window.failed(round), window.failed(round)];
    expect(pauses).toEqual([100, 0, 0]);
    expect(window.size).toBe(size / 2);
  });

  test('pauses from 100 ms to 60 s, and recovers with success', () => {
    const window = new PushWindow();
    const pauses = Array.from({ length: 12 }, () => window.failed(window.round));
    expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(pauses.at(-1)).toBe(60_000);
    expect(window.size).toBe(1);
    for (let count = 0; count < 4; count += 1) window.succeeded();
    expect(window.failed(window.round)).toBe(100);
  });
});

describe('a fault', () => {
  test('delivers an acked push once more, and then lets it be', async () => {
    const transport = new HandTransport();
    const faults = {
      duplicate: ({ subscription }: { subscription: string }) => subscription === SUBSCRIPTION,
    };
    const { broker } = brokerWith(PUSH, { pushTransport: transport.send, faults });
    publish(broker, 'a');
    await transport.last.answer(200);
    expect(broker.idle()).toBe(false);
    expect(transport.texts).toEqual(['a', 'a']);
    await transport.last.answer(200);
    expect(transport.texts).toEqual(['a', 'a']);
    expect(statusOf(broker)).toMatchObject({ duplicated: 1, acked: 1, nacked: 0 });
    expect(broker.idle()).toBe(true);
  });

  test('puts a delivery off', async () => {
    const transport = new HandTransport();
    const faults = { delayMs: ({ data }: { data: Uint8Array }) => (data[0] === 97 ? 50 : 0) };
    const { broker, clock } = brokerWith(PUSH, { pushTransport: transport.send, faults });
    publish(broker, 'a', 'b');
    expect(transport.texts).toEqual(['b']);
    await clock.advance(50);
    expect(transport.texts).toEqual(['b', 'a']);
  });
});
