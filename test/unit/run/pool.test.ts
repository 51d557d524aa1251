import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, Pool, type PoolAction } from '../../../emulator/run/pool.ts';

const limits = { ...DEFAULT_LIMITS, concurrency: 2, timeoutMs: 1_000, queueMs: 5_000, idleMs: 3_000 };
const start = (instance: number) => ({ kind: 'start', instance });
const dispatch = (request: number, instance: number) => ({ kind: 'dispatch', request, instance });

describe('scaling', () => {
  test('starts nothing before the first request, then one instance that gets the requests that waited', () => {
    const pool = new Pool(limits);
    expect(pool.nextDue).toBeUndefined();
    expect(pool.request(1, 0)).toEqual([start(1)]);
    expect(pool.request(2, 1)).toEqual([]);
    expect(pool.ready(1, 50)).toEqual([dispatch(1, 1), dispatch(2, 1)]);
  });

  test('queues what is over the concurrency of its one instance, first come first served', () => {
    const pool = new Pool(limits);
    pool.request(1, 0);
    pool.ready(1, 0);
    for (const request of [2, 3, 4]) pool.request(request, 0);
    expect(pool.waiting).toBe(2);
    expect(pool.settled(1, 10)).toEqual([dispatch(3, 1)]);
    expect(pool.settled(2, 10)).toEqual([dispatch(4, 1)]);
  });

  test('starts more instances up to the limit when all are busy', () => {
    const pool = new Pool({ ...limits, maxInstances: 2 });
    for (const request of [1, 2]) pool.request(request, 0);
    expect(pool.request(3, 0)).toEqual([start(2)]);
    for (const request of [4, 5, 6]) expect(pool.request(request, 0)).toEqual([]);
    expect(pool.live).toBe(2);
  });

  test('stops an instance that has been idle, kills it when it does not go, and starts another for the next request', () => {
    const pool = new Pool(limits);
    pool.request(1, 0);
    pool.ready(1, 0);
    pool.settled(1, 100);
    expect(pool.nextDue).toBe(3_100);
    expect(pool.tick(3_099)).toEqual([]);
    expect(pool.tick(3_100)).toEqual([{ kind: 'terminate', instance: 1 }]);
    expect(pool.request(2, 3_200)).toEqual([start(2)]);
    expect(pool.tick(13_100)).toContainEqual({ kind: 'kill', instance: 1 });
    expect(pool.exited(1, 'ended by SIGKILL', 13_101)).toEqual([]);
  });
});

describe('refusing', () => {
  test('429 for a request that found no room for too long', () => {
    const pool = new Pool({ ...limits, timeoutMs: 60_000 });
    pool.request(1, 0);
    pool.ready(1, 0);
    pool.request(2, 0);
    pool.request(3, 0);
    expect(pool.tick(5_000)).toEqual([
      {
        kind: 'refuse',
        request: 3,
        status: 429,
        reason: 'no instance had room for the request within 5000 ms',
      },
    ]);
  });

  test('504 for a request that takes too long, and its place is given to the next', () => {
    const pool = new Pool(limits);
    pool.request(1, 0);
    pool.ready(1, 0);
    pool.request(2, 500);
    pool.request(3, 500);
    expect(pool.tick(1_000)).toEqual([
      { kind: 'refuse', request: 1, status: 504, reason: 'the request took longer than 1000 ms' },
      dispatch(3, 1),
    ]);
  });

  test('503 with the reason for requests in flight when an instance dies; those that waited get the next', () => {
    const pool = new Pool(limits);
    pool.request(1, 0);
    pool.ready(1, 0);
    pool.settled(1, 0);
    for (const request of [2, 3, 4]) pool.request(request, 0);
    expect(pool.exited(1, 'ended by SIGKILL', 10)).toEqual([
      { kind: 'refuse', request: 2, status: 503, reason: 'ended by SIGKILL' },
      { kind: 'refuse', request: 3, status: 503, reason: 'ended by SIGKILL' },
      start(2),
    ]);
    expect(pool.ready(2, 20)).toEqual([dispatch(4, 2)]);
  });

  test('nothing more is dispatched to an instance whose connection broke, though its exit is reported later', () => {
    const pool = new Pool(limits);
    pool.request(1, 0);
    pool.ready(1, 0);
    pool.settled(1, 0);
    for (const request of [2, 3, 4]) pool.request(request, 0);
    expect(pool.broken(2, 1, 5)).toEqual([{ kind: 'terminate', instance: 1 }, start(2)]);
    expect(pool.broken(3, 1, 6)).toEqual([]);
    expect(pool.exited(1, 'ended by SIGKILL', 7)).toEqual([]);
    expect(pool.ready(2, 8)).toEqual([dispatch(4, 2)]);
  });

  test('503 for all that waited for a start that failed, and longer and longer until the next start', () => {
    const pool = new Pool({ ...limits, queueMs: 60_000 });
    const waits: number[] = [];
    let now = 0;
    for (let instance = 1; instance <= 10; instance++) {
      let actions = pool.request(instance, now);
      const from = now;
      if (actions.length === 0) {
        now = pool.nextDue ?? 0;
        actions = pool.tick(now);
      }
      waits.push(now - from);
      expect(actions).toEqual([start(instance)]);
      expect(pool.exited(instance, 'broken', now)).toEqual([
        { kind: 'refuse', request: instance, status: 503, reason: 'broken' },
      ]);
    }
    expect(waits).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });

  test('kills an instance that does not listen in time', () => {
    const pool = new Pool({ ...limits, startupMs: 2_000 });
    pool.request(1, 0);
    expect(pool.tick(2_000)).toEqual([{ kind: 'kill', instance: 1 }]);
    expect(pool.exited(1, 'ended by SIGKILL before it listened', 2_001)).toMatchObject([
      { request: 1, status: 503 },
    ]);
  });

  test('503 for everything once it is closed', () => {
    const pool = new Pool(limits);
    pool.request(1, 0);
    pool.ready(1, 0);
    for (const request of [2, 3]) pool.request(request, 0);
    expect(pool.close(1)).toEqual([
      { kind: 'refuse', request: 3, status: 503, reason: 'the service is shutting down' },
      { kind: 'terminate', instance: 1 },
    ]);
    expect(pool.request(4, 2)).toMatchObject([{ kind: 'refuse', request: 4, status: 503 }]);
    expect(pool.exited(1, 'ended by SIGTERM', 3)).toMatchObject([{ request: 1 }, { request: 2 }]);
    expect(pool.nextDue).toBeUndefined();
  });
});

test('whatever happens in whatever order, each request ends once and no limit is passed', () => {
  const event = fc.record({
    kind: fc.constantFrom('request', 'settle', 'break', 'ready', 'exit', 'wait'),
    pick: fc.nat(20),
    ms: fc.nat(2_000),
  });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 120 }),
      fc.integer({ min: 1, max: 3 }),
      (events, maxInstances) => {
        const pool = new Pool({ ...limits, maxInstances });
        const running = new Map<number, number>();
        const alive: number[] = [];
        const ended = new Set<number>();
        let now = 0;
        let asked = 0;
        const end = (request: number) => {
          expect(ended.has(request)).toBe(false);
          ended.add(request);
          running.delete(request);
        };
        const apply = (actions: readonly PoolAction[]) => {
          for (const action of actions) {
            if (action.kind === 'start') alive.push(action.instance);
            if (action.kind === 'refuse') end(action.request);
            if (action.kind === 'dispatch') {
              expect(running.has(action.request) || ended.has(action.request)).toBe(false);
              running.set(action.request, action.instance);
              const load = [...running.values()].filter((instance) => instance === action.instance).length;
              expect(load).toBeLessThanOrEqual(limits.concurrency);
            }
          }
          expect(pool.live).toBeLessThanOrEqual(maxInstances);
        };
        const exit = (instance: number) => {
          alive.splice(alive.indexOf(instance), 1);
          apply(pool.exited(instance, 'gone', now));
        };
        for (const { kind, pick, ms } of events) {
          if (kind === 'request') {
            asked += 1;
            apply(pool.request(asked, now));
          } else if (kind === 'settle' && running.size > 0) {
            const request = [...running.keys()][pick % running.size] ?? 0;
            end(request);
            apply(pool.settled(request, now));
          } else if (kind === 'break' && running.size > 0) {
            const [request, instance] = [...running][pick % running.size] ?? [0, 0];
            end(request);
            apply(pool.broken(request, instance, now));
          } else if (kind === 'ready' && alive.length > 0) {
            apply(pool.ready(alive[pick % alive.length] ?? 0, now));
          } else if (kind === 'exit' && alive.length > 0) {
            exit(alive[pick % alive.length] ?? 0);
          } else if (kind === 'wait') {
            now += ms;
            apply(pool.tick(now));
          }
        }
        apply(pool.close(now));
        for (const instance of [...alive]) exit(instance);
        expect(ended.size).toBe(asked);
        expect(pool.nextDue).toBeUndefined();
      },
    ),
  );
});
