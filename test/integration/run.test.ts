import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import type { PoolLimits } from '../../emulator/run/pool.ts';
import { type LogLine, type RunServer, startRun } from '../../emulator/run/server.ts';
import { eventually } from '../support/eventually.ts';

const source = fileURLToPath(new URL('./run/probe.ts', import.meta.url));
const open: RunServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((run) => run.close()));
});

async function startProbe(limits: Partial<PoolLimits> = {}, target = 'probe') {
  const lines: LogLine[] = [];
  const run = await startRun({ onLine: (line) => lines.push(line) });
  open.push(run);
  run.deploy({ name: 'probe', target, source, env: { PROBE_SETTING: 'yes' } }, limits);
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${run.urlOf('probe')}${path}`, init);
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) as Record<string, unknown> };
  };
  return { run, lines, ask };
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a function starts with its first request, and gets method, path, body and its own environment only', async () => {
  vi.stubEnv('SECRET_OF_THE_PARENT', 'hidden');
  const { run, ask, lines } = await startProbe();
  expect(run.pidsOf('probe')).toEqual([]);
  const answer = await ask('/a/b?c=1', { method: 'POST', body: 'hello' });
  expect(answer.json()).toEqual({
    pid: run.pidsOf('probe')[0],
    path: '/a/b?c=1',
    method: 'POST',
    body: 'hello',
    setting: 'yes',
  });
  await eventually(() =>
    expect(lines).toContainEqual({
      service: 'probe',
      stream: 'stderr',
      text: '{"severity":"WARNING","message":"asked for /a/b"}',
    }),
  );
  vi.unstubAllEnvs();
});

test('a request from within gets the same answer as one over the network, and none where the URL is another server’s', async () => {
  const { run, ask } = await startProbe();
  const request = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: Buffer.from('hello') };
  const within = await run.serve(`${run.urlOf('probe')}/a/b?c=1`, request);
  const over = await ask('/a/b?c=1', {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'hello',
  });
  expect(JSON.parse(Buffer.from(within?.body ?? []).toString())).toEqual(over.json());
  expect(within?.status).toBe(over.status);
  expect(run.serve('http://127.0.0.1:1/probe', request)).toBeUndefined();
  expect(run.serve(run.urlOf('nobody'), request)).toBeUndefined();
});

test('requests that come while it starts share the one instance', async () => {
  const { run, ask } = await startProbe();
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('/')));
  expect(new Set(answers.map((answer) => answer.json().pid)).size).toBe(1);
  expect(run.pidsOf('probe')).toHaveLength(1);
});

test('a kept connection that the function closes as it is used again fails neither the request nor the instance', async () => {
  const { run, ask } = await startProbe();
  const { pid } = (await ask('/')).json();
  const answer = await ask('/drop-once');
  expect(answer.status).toBe(200);
  expect(answer.json().pid).toBe(pid);
  expect(run.pidsOf('probe')).toEqual([pid]);
});

test('a crash fails the request that was in flight, and the next request gets a new process', async () => {
  const { run, ask, lines } = await startProbe();
  const first = (await ask('/')).json().pid;
  expect((await ask('/crash')).status).toBe(503);
  const second = (await ask('/')).json().pid;
  expect(lines).toContainEqual({
    service: 'probe',
    stream: 'run',
    text: 'instance 1: ended by SIGKILL',
  });
  expect(second).not.toBe(first);
  expect(run.kill('probe')).toBe(1);
  await eventually(() => expect(run.pidsOf('probe')).not.toContain(second));
  expect((await ask('/')).status).toBe(200);
});

test('a function that cannot start answers 503, and says why in its log', async () => {
  const { ask, lines } = await startProbe({}, 'nobody');
  const answer = await ask('/');
  expect(answer.status).toBe(503);
  expect(answer.text).toBe('ended with exit code 1 before it listened\n');
  expect(lines.some(({ text }) => text.includes("'nobody'"))).toBe(true);
});

test('a request over its time is answered with 504', async () => {
  const { ask } = await startProbe({ timeoutMs: 300 });
  expect((await ask('/hang')).status).toBe(504);
});

test('an idle instance is stopped', async () => {
  const { run, ask } = await startProbe({ idleMs: 50 });
  const { pid } = (await ask('/')).json();
  await eventually(() => expect(isAlive(Number(pid))).toBe(false));
  expect(run.pidsOf('probe')).toEqual([]);
});

test('closing ends every process', async () => {
  const { run, ask } = await startProbe();
  const { pid } = (await ask('/')).json();
  await run.close();
  expect(isAlive(Number(pid))).toBe(false);
});

test('an unknown service is a 404 that names the services', async () => {
  const { run } = await startProbe();
  const response = await fetch(run.urlOf('nowhere'));
  expect([response.status, await response.text()]).toEqual([
    404,
    'there is no service "nowhere"; there are: probe\n',
  ]);
});
