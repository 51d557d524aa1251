import { describe, expect, test } from 'vitest';
import { LOCATION, post, QUEUE, taskWorld } from './worker.ts';

const DAY_MS = 24 * 3_600_000;

describe('a scheduled task', () => {
  test('is dispatched at its time on the clock, not before', async () => {
    const { clock, core, worker } = taskWorld();
    core.createTask(QUEUE, { ...post(), scheduleMs: clock.now() + 5000 });
    await clock.advance(4999);
    expect(worker.received).toHaveLength(0);
    expect(core.pending()).toBe(1);
    await clock.advance(1);
    expect(worker.received).toHaveLength(1);
    expect(core.pending()).toBe(0);
  });

  test('runs at once when its time is absent or past', async () => {
    const { clock, core, worker } = taskWorld();
    const task = core.createTask(QUEUE, { ...post(), scheduleMs: clock.now() - DAY_MS });
    core.createTask(QUEUE, post());
    expect(task.scheduleMs).toBe(clock.now());
    await clock.advance(0);
    expect(worker.received).toHaveLength(2);
  });

  test('may lie 30 days ahead and no further', () => {
    const { clock, core } = taskWorld();
    core.createTask(QUEUE, { ...post(), scheduleMs: clock.now() + 30 * DAY_MS });
    expect(() => core.createTask(QUEUE, { ...post(), scheduleMs: clock.now() + 30 * DAY_MS + 1 })).toThrow(
      expect.objectContaining({
        status: 'INVALID_ARGUMENT',
        message: expect.stringContaining('no more than 720h in the future'),
      }),
    );
    expect(core.pending()).toBe(1);
  });

  test('runs in order of due time among many', async () => {
    const { clock, core, worker } = taskWorld();
    const start = clock.now();
    const seconds = [7, 3, 9, 1, 5, 8, 2, 6, 4];
    for (const second of seconds) core.createTask(QUEUE, { ...post(), scheduleMs: start + second * 1000 });
    await clock.advance(10_000);
    expect(worker.secondsSince(start)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('never runs once deleted', async () => {
    const { clock, core, worker } = taskWorld();
    const { name } = core.createTask(QUEUE, { ...post(), scheduleMs: clock.now() + 1000 });
    core.deleteTask(name);
    await clock.advance(2000);
    expect(worker.received).toHaveLength(0);
    expect(core.pending()).toBe(0);
  });

  test('runs now when told to, even in a paused queue', async () => {
    const { clock, core, worker } = taskWorld();
    core.getQueue(QUEUE).pause();
    const { name } = core.createTask(QUEUE, { ...post(), scheduleMs: clock.now() + 1000 });
    expect(core.runTask(name).dispatchCount).toBe(1);
    await clock.advance(5000);
    expect(worker.received).toHaveLength(1);
  });
});

describe('a task name', () => {
  const name = `${QUEUE}/tasks/charge-42`;

  test('can be used once: while the task waits, and for an hour after it ran', async () => {
    const { clock, core, worker } = taskWorld();
    core.createTask(QUEUE, { ...post(), name });
    expect(() => core.createTask(QUEUE, { ...post(), name })).toThrow(
      expect.objectContaining({ status: 'ALREADY_EXISTS', message: 'Requested entity already exists' }),
    );
    await clock.advance(0);
    expect(() => core.createTask(QUEUE, { ...post(), name })).toThrow(
      expect.objectContaining({ status: 'ALREADY_EXISTS', message: expect.stringContaining('too recently') }),
    );
    expect(worker.received).toHaveLength(1);
    await clock.advance(3_600_000);
    core.createTask(QUEUE, { ...post(), name });
    await clock.advance(0);
    expect(worker.received).toHaveLength(2);
  });

  test('stays taken for an hour after the task was deleted', () => {
    const { core } = taskWorld();
    core.createTask(QUEUE, { ...post(), name });
    core.deleteTask(name);
    expect(() => core.createTask(QUEUE, { ...post(), name })).toThrow(
      expect.objectContaining({ status: 'ALREADY_EXISTS' }),
    );
    expect(() => core.getTask(name)).toThrow(
      expect.objectContaining({ status: 'NOT_FOUND', message: expect.stringContaining('existed recently') }),
    );
  });

  test('must be well formed and lie in its queue', () => {
    const { core } = taskWorld();
    for (const bad of ['charge-42', `${QUEUE}/tasks/a b`, `${LOCATION}/queues/other/tasks/a`]) {
      expect(() => core.createTask(QUEUE, { ...post(), name: bad })).toThrow(
        expect.objectContaining({ status: 'INVALID_ARGUMENT' }),
      );
    }
  });
});

describe('a task that breaks a rule of the service', () => {
  test.each([
    ['a URL without a scheme', { target: { ...post().target, url: 'acme.com' } }],
    ['a body with GET', { target: { ...post().target, method: 'GET' as const } }],
    ['more than 1 MB', { target: { ...post().target, body: Buffer.alloc(1024 * 1024) } }],
    ['a deadline under 15 s', { ...post(), dispatchDeadlineMs: 14_999 }],
    ['a deadline over 30 min', { ...post(), dispatchDeadlineMs: 1_800_001 }],
  ])('is refused for %s, and nothing is queued', (_why, input) => {
    const { core } = taskWorld();
    expect(() => core.createTask(QUEUE, input)).toThrow(
      expect.objectContaining({ status: 'INVALID_ARGUMENT' }),
    );
    expect(core.pending()).toBe(0);
  });
});
