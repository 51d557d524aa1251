import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs, DEFAULT_RETRY_CONFIG } from '../../../emulator/tasks/queue-settings.ts';
import { post, QUEUE, taskWorld } from './worker.ts';

describe('the backoff', () => {
  test('doubles, then grows linearly, then stays at the maximum', () => {
    const retry = { ...DEFAULT_RETRY_CONFIG, minBackoffMs: 10_000, maxBackoffMs: 300_000, maxDoublings: 3 };
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => backoffMs(retry, attempt) / 1000);
    expect(waits).toEqual([10, 20, 40, 80, 160, 240, 300, 300]);
  });

  test('never shrinks, and stays within its bounds', () => {
    const config = fc.record({
      minBackoffMs: fc.integer({ min: 1, max: 10_000 }),
      extra: fc.integer({ min: 0, max: 3_600_000 }),
      maxDoublings: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(
        config,
        fc.integer({ min: 1, max: 200 }),
        ({ minBackoffMs, extra, maxDoublings }, attempt) => {
          const retry = {
            ...DEFAULT_RETRY_CONFIG,
            minBackoffMs,
            maxBackoffMs: minBackoffMs + extra,
            maxDoublings,
          };
          const wait = backoffMs(retry, attempt);
          expect(wait).toBeGreaterThanOrEqual(minBackoffMs);
          expect(wait).toBeLessThanOrEqual(retry.maxBackoffMs);
          expect(backoffMs(retry, attempt + 1)).toBeGreaterThanOrEqual(wait);
        },
      ),
    );
  });
});

describe('a failed attempt', () => {
  test('is tried again after the backoff, with headers that tell its history', async () => {
    const { clock, core, worker } = taskWorld();
    core.updateQueue(QUEUE, { retryConfig: { minBackoffMs: 1000, maxBackoffMs: 8000, maxDoublings: 2 } });
    worker.answer = (_dispatch, attempt) => ({ status: [500, 404, 200][attempt - 1] ?? 200 });
    const start = clock.now();
    core.createTask(QUEUE, { ...post(), name: `${QUEUE}/tasks/t1` });
    await clock.advance(60_000);
    expect(worker.secondsSince(start)).toEqual([0, 1, 3]);
    const [first, , third] = worker.received.map(({ dispatch }) => dispatch.headers);
    expect(first).toMatchObject({
      'User-Agent': 'Google-Cloud-Tasks',
      'X-CloudTasks-QueueName': 'timers',
      'X-CloudTasks-TaskName': 't1',
      'X-CloudTasks-TaskRetryCount': '0',
      'X-CloudTasks-TaskExecutionCount': '0',
      'X-CloudTasks-TaskETA': (start / 1000).toFixed(6),
    });
    expect(first).not.toHaveProperty('X-CloudTasks-TaskPreviousResponse');
    expect(first).not.toHaveProperty('X-CloudTasks-TaskRetryReason');
    expect(third).toMatchObject({
      'X-CloudTasks-TaskRetryCount': '2',
      // The 500 does not count as an execution, the 404 does.
      'X-CloudTasks-TaskExecutionCount': '1',
      'X-CloudTasks-TaskPreviousResponse': '404',
      // https://github.com/aertje/cloud-tasks-emulator/issues/114: as captured in production.
      'X-CloudTasks-TaskRetryReason': '',
    });
    expect(core.pending()).toBe(0);
  });

  test('is given up after maxAttempts', async () => {
    const { clock, core, worker } = taskWorld();
    core.updateQueue(QUEUE, { retryConfig: { maxAttempts: 3 } });
    worker.answer = () => ({ status: 503 });
    core.createTask(QUEUE, post());
    await clock.advance(3_600_000);
    expect(worker.received).toHaveLength(3);
    expect(core.pending()).toBe(0);
  });

  test('waits at least as long as Retry-After asks', async () => {
    const { clock, core, worker } = taskWorld();
    worker.answer = (_dispatch, attempt) =>
      attempt === 1 ? { status: 429, retryAfterMs: 30_000 } : { status: 200 };
    const start = clock.now();
    core.createTask(QUEUE, post());
    await clock.advance(60_000);
    expect(worker.secondsSince(start)).toEqual([0, 30]);
  });

  test('is a worker that does not answer within the dispatch deadline', async () => {
    const { clock, core, worker } = taskWorld();
    worker.answer = (_dispatch, attempt) => (attempt === 1 ? new Promise(() => {}) : { status: 200 });
    const start = clock.now();
    const { name } = core.createTask(QUEUE, { ...post(), dispatchDeadlineMs: 15_000 });
    await clock.advance(15_000);
    expect(worker.received[0]?.dispatch.signal.aborted).toBe(true);
    expect(core.getTask(name).lastAttempt?.responseStatus?.message).toContain('DEADLINE_EXCEEDED');
    await clock.advance(1000);
    expect(worker.secondsSince(start)).toEqual([0, 15.1]);
    expect(core.pending()).toBe(0);
  });

  test('is a connection that fails', async () => {
    const { clock, core, worker } = taskWorld();
    worker.answer = (_dispatch, attempt) =>
      attempt === 1 ? Promise.reject(new Error('ECONNREFUSED')) : { status: 204 };
    core.createTask(QUEUE, post());
    await clock.advance(1000);
    expect(worker.received).toHaveLength(2);
    expect(core.pending()).toBe(0);
  });
});
