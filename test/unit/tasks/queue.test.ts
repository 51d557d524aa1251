import { describe, expect, test } from 'vitest';
import { LOCATION, post, QUEUE, taskWorld } from './worker.ts';

describe('a queue', () => {
  test('dispatches nothing while paused, and what is due when resumed', async () => {
    const { clock, core, worker } = taskWorld();
    core.getQueue(QUEUE).pause();
    core.createTask(QUEUE, post());
    await clock.advance(10_000);
    expect(worker.received).toHaveLength(0);
    core.getQueue(QUEUE).resume();
    await clock.advance(0);
    expect(worker.received).toHaveLength(1);
  });

  test('holds the rate once the burst is spent', async () => {
    const { clock, core, worker } = taskWorld();
    core.updateQueue(QUEUE, { rateLimits: { maxDispatchesPerSecond: 2 } });
    for (let i = 0; i < 16; i++) core.createTask(QUEUE, post());
    const start = clock.now();
    await clock.advance(10_000);
    const seconds = worker.secondsSince(start);
    expect(seconds.slice(0, 10)).toEqual(Array(10).fill(0));
    expect(seconds.slice(10)).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
  });

  test('keeps at most maxConcurrentDispatches in flight', async () => {
    const { clock, core, worker } = taskWorld();
    core.updateQueue(QUEUE, { rateLimits: { maxConcurrentDispatches: 2 } });
    const waiting: (() => void)[] = [];
    worker.answer = () => new Promise((resolve) => waiting.push(() => resolve({ status: 200 })));
    for (let i = 0; i < 5; i++) core.createTask(QUEUE, post());
    await clock.advance(1000);
    expect(worker.received).toHaveLength(2);
    expect(core.pending()).toBe(5);
    waiting.shift()?.();
    await clock.advance(0); // the answer is taken in
    await clock.advance(0); // the free place is used
    expect(worker.received).toHaveLength(3);
    expect(core.pending()).toBe(4);
  });

  test('forgets its tasks when purged', async () => {
    const { clock, core, worker } = taskWorld();
    core.createTask(QUEUE, { ...post(), scheduleMs: clock.now() + 1000 });
    core.getQueue(QUEUE).purge();
    await clock.advance(2000);
    expect(worker.received).toHaveLength(0);
    expect(core.pending()).toBe(0);
  });

  test('cannot be made again for seven days after it was deleted', async () => {
    const { clock, core, worker } = taskWorld();
    core.createTask(QUEUE, { ...post(), scheduleMs: clock.now() + 1000 });
    core.deleteQueue(QUEUE);
    expect(core.pending()).toBe(0);
    const refused = expect.objectContaining({ status: 'FAILED_PRECONDITION' });
    expect(() => core.createQueue(LOCATION, QUEUE)).toThrow(refused);
    expect(() => core.createTask(QUEUE, post())).toThrow(refused);
    await clock.advance(7 * 24 * 3_600_000);
    expect(worker.received).toHaveLength(0);
    core.createQueue(LOCATION, QUEUE);
  });

  test('is made by an update when it is not there, and keeps what an update does not name', () => {
    const { core } = taskWorld();
    const name = `${LOCATION}/queues/sweeper`;
    core.updateQueue(name, { retryConfig: { maxAttempts: 7 } });
    const queue = core.updateQueue(name, { rateLimits: { maxDispatchesPerSecond: 5 } });
    expect(queue.retryConfig.maxAttempts).toBe(7);
    expect(queue.rateLimits).toEqual({ maxDispatchesPerSecond: 5, maxConcurrentDispatches: 1000 });
  });

  test('must exist before a task is put into it', () => {
    const { core } = taskWorld();
    expect(() => core.createTask(`${LOCATION}/queues/none`, post())).toThrow(
      expect.objectContaining({ status: 'NOT_FOUND' }),
    );
  });

  test('lists its tasks page by page, each once', () => {
    const { clock, core } = taskWorld();
    for (let i = 0; i < 7; i++) core.createTask(QUEUE, { ...post(), scheduleMs: clock.now() + 1000 });
    const seen: string[] = [];
    for (let pageToken = ''; ; ) {
      const page = core.listTasks(QUEUE, { pageSize: 3, pageToken });
      seen.push(...page.items.map(({ name }) => name));
      pageToken = page.nextPageToken;
      if (pageToken === '') break;
    }
    expect(new Set(seen).size).toBe(7);
    expect(seen).toHaveLength(7);
  });
});

describe('an unkind service', () => {
  test('may deliver one attempt twice: the task is done once', async () => {
    const { clock, core, worker } = taskWorld({ faults: { duplicate: () => true } });
    core.createTask(QUEUE, post());
    await clock.advance(60_000);
    expect(worker.received).toHaveLength(2);
    expect(core.pending()).toBe(0);
  });
});

describe('an authorized task', () => {
  test('carries a signed token in place of any Authorization it brought', async () => {
    const { clock, core, worker } = taskWorld({
      signer: (authorization) => `${authorization.kind}:${authorization.serviceAccountEmail}`,
    });
    const { target } = post();
    const authorization = { kind: 'oidc' as const, serviceAccountEmail: 'mesh@demo', audience: target.url };
    const headers = {
      authorization: 'Bearer mine',
      Host: 'elsewhere',
      'X-Google-Secret': '1',
      'X-Mine': '2',
    };
    core.createTask(QUEUE, { target: { ...target, headers, authorization } });
    await clock.advance(0);
    const sent = worker.received[0]?.dispatch.headers;
    expect(sent).toMatchObject({ Authorization: 'Bearer oidc:mesh@demo', 'X-Mine': '2' });
    for (const dropped of ['authorization', 'Host', 'X-Google-Secret'])
      expect(sent).not.toHaveProperty(dropped);
  });
});
