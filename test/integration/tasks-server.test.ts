import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CloudTasksClient } from '@google-cloud/tasks';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTasks, type TasksServer } from '../../emulator/tasks/server.ts';
import { ManualClock } from '../../shared/testing/manual-clock.ts';
import { eventually } from '../support/eventually.ts';

const location = 'projects/demo-mesh/locations/europe-west1';
const clock = new ManualClock();
const received: { url: string; headers: IncomingHttpHeaders; body: string }[] = [];
const duplicated = new Set<string>();
const worker = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  received.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
  response.writeHead(request.url === '/failing' && received.length === 1 ? 500 : 204).end();
});
let server: TasksServer;
let client: CloudTasksClient;
let workerUrl: string;
let queue: string;
let queues = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => worker.listen(0, '127.0.0.1', resolve));
  workerUrl = `http://127.0.0.1:${(worker.address() as AddressInfo).port}`;
  server = await startTasks({ clock, faults: { duplicate: (task) => duplicated.has(task.target.url) } });
  client = new CloudTasksClient({
    apiEndpoint: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
    universeDomain: 'googleapis.com',
  });
});

beforeEach(async () => {
  received.length = 0;
  queue = `${location}/queues/queue-${queues++}`;
  await client.createQueue({ parent: location, queue: { name: queue } });
});

afterAll(async () => {
  await client.close();
  await server.close();
  worker.closeAllConnections();
  worker.close();
});

function secondsFromNow(seconds: number) {
  return { seconds: clock.now() / 1000 + seconds };
}

describe('Cloud Tasks through the real client', () => {
  test('a queue has the settings of the service and those that are updated', async () => {
    const [made] = await client.getQueue({ name: queue });
    expect(made).toMatchObject({
      state: 'RUNNING',
      rateLimits: { maxDispatchesPerSecond: 500, maxBurstSize: 100, maxConcurrentDispatches: 1000 },
      retryConfig: { maxAttempts: 100, minBackoff: { nanos: 100_000_000 }, maxDoublings: 16 },
    });
    const [updated] = await client.updateQueue({
      queue: { name: queue, retryConfig: { maxAttempts: 5, maxDoublings: 2 } },
      updateMask: { paths: ['retry_config.max_attempts'] },
    });
    expect(updated.retryConfig).toMatchObject({ maxAttempts: 5, maxDoublings: 16 });
    const [listed] = await client.listQueues({ parent: location });
    expect(listed.map(({ name }) => name)).toContain(queue);
  });

  test('a task is posted to its target at its time', async () => {
    const [task] = await client.createTask({
      parent: queue,
      task: {
        scheduleTime: secondsFromNow(60),
        httpRequest: {
          url: `${workerUrl}/v1/topics/mesh-orders:publish`,
          headers: { 'Content-Type': 'application/json' },
          body: Buffer.from('{"messages":[]}').toString('base64'),
          oidcToken: { serviceAccountEmail: 'mesh@demo-mesh.iam.gserviceaccount.com' },
        },
      },
    });
    expect(task.httpRequest?.httpMethod).toBe('POST');
    await clock.advance(59_000);
    expect(received).toHaveLength(0);
    await clock.advance(1000);
    await eventually(() => expect(server.core.pending()).toBe(0));
    expect(received[0]).toMatchObject({ url: '/v1/topics/mesh-orders:publish', body: '{"messages":[]}' });
    expect(received[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'Google-Cloud-Tasks',
      'x-cloudtasks-taskretrycount': '0',
      authorization: expect.stringMatching(/^Bearer ey/),
    });
  });

  test('a task named twice is refused, while it waits and after it ran', async () => {
    const name = `${queue}/tasks/timer-1`;
    const create = () =>
      client.createTask({
        parent: queue,
        task: { name, httpRequest: { url: workerUrl, httpMethod: 'GET' } },
      });
    await create();
    await expect(create()).rejects.toMatchObject({ code: 6 });
    await clock.advance(0);
    await eventually(() => expect(server.core.pending()).toBe(0));
    await expect(create()).rejects.toMatchObject({
      code: 6,
      message: expect.stringContaining('existed too recently'),
    });
    await expect(client.getTask({ name })).rejects.toMatchObject({ code: 5 });
    expect(received).toHaveLength(1);
  });

  test('a schedule more than 30 days ahead is refused', async () => {
    const task = { scheduleTime: secondsFromNow(30 * 86_400 + 1), httpRequest: { url: workerUrl } };
    await expect(client.createTask({ parent: queue, task })).rejects.toMatchObject({ code: 3 });
  });

  test('a failed task is tried again', async () => {
    await client.createTask({ parent: queue, task: { httpRequest: { url: `${workerUrl}/failing` } } });
    await clock.advance(0);
    await eventually(() => expect(clock.nextDue).toBe(clock.now() + 100));
    await clock.advance(100);
    await eventually(() => expect(server.core.pending()).toBe(0));
    expect(received.map(({ headers }) => headers['x-cloudtasks-taskretrycount'])).toEqual(['0', '1']);
  });

  test('a duplicated task reaches its target twice', async () => {
    const url = `${workerUrl}/twice`;
    duplicated.add(url);
    await client.createTask({ parent: queue, task: { httpRequest: { url } } });
    await clock.advance(0);
    await eventually(() => expect(server.core.pending()).toBe(0));
    expect(received.map((request) => request.url)).toEqual(['/twice', '/twice']);
  });

  test('a paused queue keeps its tasks; they can be listed, run and deleted', async () => {
    await client.pauseQueue({ name: queue });
    const httpRequest = { url: workerUrl, body: Buffer.from('x').toString('base64') };
    const [first] = await client.createTask({ parent: queue, task: { httpRequest } });
    const [second] = await client.createTask({ parent: queue, task: { httpRequest } });
    await clock.advance(1000);
    expect(received).toHaveLength(0);
    const [listed] = await client.listTasks({ parent: queue, responseView: 'FULL' });
    expect(listed).toHaveLength(2);
    expect(listed[0]?.httpRequest?.body?.toString()).toBe('x');
    await client.runTask({ name: first.name ?? '' });
    await eventually(() => expect(server.core.pending()).toBe(1));
    await client.deleteTask({ name: second.name ?? '' });
    const [resumed] = await client.resumeQueue({ name: queue });
    expect(resumed.state).toBe('RUNNING');
    expect(server.core.pending()).toBe(0);
  });
});
