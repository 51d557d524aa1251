import { expect, test } from 'vitest';
import type { FunctionRequest, FunctionResponse, InstanceEvents } from '../../../emulator/run/instance.ts';
import { DEFAULT_LIMITS } from '../../../emulator/run/pool.ts';
import { Service } from '../../../emulator/run/service.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

const request: FunctionRequest = { method: 'POST', path: '/', headers: {}, body: Buffer.from('hello') };
const textOf = ({ status, body }: FunctionResponse) => [status, Buffer.from(body).toString().trim()];

/** A service whose instances are told by hand what to do. */
function service() {
  const clock = new ManualClock();
  const log: string[] = [];
  const instances: (InstanceEvents & { calls: string[]; answer: (status: number) => void })[] = [];
  const subject = new Service({
    spec: { name: 'greeter', target: 'greeter', source: 'greeter.ts', env: {} },
    limits: { ...DEFAULT_LIMITS, idleMs: 5_000 },
    clock,
    onLine: (text, stream) => log.push(`${stream}: ${text}`),
    start: (_spec, events) => {
      const waiting: ((response: FunctionResponse) => void)[] = [];
      const calls: string[] = [];
      instances.push({
        ...events,
        calls,
        answer: (status) => waiting.shift()?.({ status, headers: {}, body: Buffer.from('done') }),
      });
      return {
        pid: instances.length,
        forward: (_request, signal) =>
          new Promise((resolve, reject) => {
            waiting.push(resolve);
            signal.addEventListener('abort', () => {
              calls.push('aborted');
              reject(signal.reason);
            });
          }),
        terminate: () => calls.push('SIGTERM'),
        kill: () => calls.push('SIGKILL'),
      };
    },
  });
  return { subject, clock, log, instances };
}

test('a request waits for the instance that it started, and is answered by it', async () => {
  const { subject, instances } = service();
  const answer = subject.serve(request);
  instances[0]?.ready();
  instances[0]?.answer(204);
  expect((await answer).status).toBe(204);
  expect(subject.pids).toEqual([1]);
});

test('a failed start answers 503 with the reason, which is in the log as well', async () => {
  const { subject, instances, log } = service();
  const answer = subject.serve(request);
  instances[0]?.exited('ended with exit code 1 before it listened');
  expect(textOf(await answer)).toEqual([503, 'ended with exit code 1 before it listened']);
  expect(log).toEqual(['run: instance 1: ended with exit code 1 before it listened']);
});

test('a crash answers 503 for what was in flight, and the next request starts another instance', async () => {
  const { subject, instances } = service();
  const answer = subject.serve(request);
  instances[0]?.ready();
  expect(subject.kill()).toBe(1);
  expect(instances[0]?.calls).toEqual(['SIGKILL']);
  instances[0]?.exited('ended by SIGKILL');
  expect((await answer).status).toBe(503);
  expect(subject.pids).toEqual([]);
});

test('a slow request is answered with 504 and its connection is cut', async () => {
  const { subject, instances, clock } = service();
  const answer = subject.serve(request);
  instances[0]?.ready();
  await clock.advance(DEFAULT_LIMITS.timeoutMs);
  expect((await answer).status).toBe(504);
  expect(instances[0]?.calls).toEqual(['aborted']);
});

test('an idle instance is asked to end, and killed when it does not within the grace period', async () => {
  const { subject, instances, clock } = service();
  const answer = subject.serve(request);
  instances[0]?.ready();
  instances[0]?.answer(200);
  await answer;
  await clock.advance(5_000);
  expect(instances[0]?.calls).toEqual(['SIGTERM']);
  await clock.advance(10_000);
  expect(instances[0]?.calls).toEqual(['SIGTERM', 'SIGKILL']);
  instances[0]?.exited('ended by SIGKILL');
  expect(clock.pending).toBe(0);
});

test('a caller that goes away frees its place', async () => {
  const { subject, instances } = service();
  const gone = new AbortController();
  const answer = subject.serve(request, gone.signal);
  instances[0]?.ready();
  gone.abort();
  expect((await answer).status).toBe(499);
  expect(instances[0]?.calls).toEqual(['aborted']);
});

test('closing resolves when the last instance is gone', async () => {
  const { subject, instances } = service();
  void subject.serve(request);
  instances[0]?.ready();
  const closed = subject.close();
  expect(instances[0]?.calls).toEqual(['SIGTERM']);
  instances[0]?.exited('ended with exit code 0');
  await closed;
  expect((await subject.serve(request)).status).toBe(503);
});
