import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSecrets } from '../../emulator/secrets/server.ts';
import { startTasks } from '../../emulator/tasks/server.ts';
import { ManualClock } from '../../shared/testing/manual-clock.ts';

interface Server {
  readonly address: string;
  close(): Promise<void>;
}

const clock = new ManualClock();
const DAY = 86_400_000;
let tasks: Server;
let secrets: Server;

beforeAll(async () => {
  tasks = await startTasks({ clock });
  secrets = await startSecrets({ clock });
});
afterAll(() => Promise.all([tasks.close(), secrets.close()]));

function client(server: () => Server) {
  return async (verb: string, path: string, body?: unknown) => {
    const response = await fetch(`http://${server().address}/${path}`, {
      method: verb,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
}

const error = (code: number, status: string, message: string) => ({
  status: code,
  body: { error: { code, status, message: expect.stringContaining(message) } },
});

describe('Cloud Tasks over REST', () => {
  const call = client(() => tasks);
  const LOCATION = 'v2/projects/p/locations/l';
  const QUEUE = 'projects/p/locations/l/queues/q';

  test('makes queues and tasks, and shows the body of a task only in the full view', async () => {
    const made = await call('POST', `${LOCATION}/queues`, {
      name: QUEUE,
      retryConfig: { maxAttempts: 3, minBackoff: '1.5s' },
    });
    expect(made).toMatchObject({
      status: 200,
      body: { state: 'RUNNING', retryConfig: { maxAttempts: 3, minBackoff: '1.500s' } },
    });
    const scheduleTime = new Date(clock.now() + DAY).toISOString();
    const task = {
      name: `${QUEUE}/tasks/t`,
      scheduleTime,
      httpRequest: { url: 'http://127.0.0.1:1/', body: 'aGk=', headers: { a: 'b' } },
    };
    expect(await call('POST', `v2/${QUEUE}/tasks`, { task })).toMatchObject({
      status: 200,
      body: { view: 'BASIC' },
    });
    const full = await call('GET', `v2/${task.name}?responseView=FULL`);
    expect(full.body).toMatchObject({
      view: 'FULL',
      scheduleTime: scheduleTime.replace('.000', ''),
      httpRequest: { body: 'aGk=', httpMethod: 'POST', headers: { a: 'b' } },
    });
    expect((await call('GET', `v2/${task.name}`)).body).not.toHaveProperty('httpRequest.body');
    expect(await call('POST', `v2/${QUEUE}/tasks`, { task })).toMatchObject(
      error(409, 'ALREADY_EXISTS', 'already exists'),
    );
    const listed = await call('GET', `v2/${QUEUE}/tasks?pageSize=5`);
    expect(listed.body).toMatchObject({ tasks: [{ name: task.name }] });
  });

  test('changes of a queue what the mask names, and keeps what has nothing to act on', async () => {
    const queue = `${LOCATION}/queues/changed`;
    await call('POST', `${LOCATION}/queues`, {
      name: queue.slice(3),
      rateLimits: { maxConcurrentDispatches: 7 },
    });
    const patched = await call(
      'PATCH',
      `${queue}?updateMask=rateLimits.maxDispatchesPerSecond,stackdriverLoggingConfig`,
      {
        rateLimits: { maxDispatchesPerSecond: 20, maxConcurrentDispatches: 9 },
        stackdriverLoggingConfig: { samplingRatio: 0.5 },
      },
    );
    expect(patched.body).toMatchObject({
      rateLimits: { maxDispatchesPerSecond: 20, maxConcurrentDispatches: 7 },
      stackdriverLoggingConfig: { samplingRatio: 0.5 },
    });
    const refused = await call('PATCH', `${queue}?updateMask=state`, {});
    expect(refused).toMatchObject(error(400, 'INVALID_ARGUMENT', '"state"'));
  });

  test.each([
    ['POST', `${LOCATION}/queues`, { nothing: 1 }, 400, 'INVALID_ARGUMENT', 'Unknown name "nothing"'],
    ['POST', `${LOCATION}/queues`, { name: 'q' }, 400, 'INVALID_ARGUMENT', 'Invalid resource name "q"'],
    ['POST', `v2/${QUEUE}/tasks`, {}, 400, 'INVALID_ARGUMENT', 'task is required'],
    ['POST', `v2/${QUEUE}/tasks`, { task: {} }, 400, 'INVALID_ARGUMENT', 'httpRequest is required'],
    ['POST', `v2/${QUEUE}/tasks`, { task: { appEngineHttpRequest: {} } }, 501, 'UNIMPLEMENTED', 'App Engine'],
    ['GET', `${LOCATION}/queues/none`, undefined, 404, 'NOT_FOUND', 'does not exist'],
    [
      'GET',
      `${LOCATION}/queues?pageSize=x`,
      undefined,
      400,
      'INVALID_ARGUMENT',
      `'page_size' (TYPE_INT32), "x"`,
    ],
    ['GET', 'v2/nothing', undefined, 404, 'NOT_FOUND', 'Nothing is at'],
  ] as const)('%s %s with %j is refused: %i', async (verb, path, body, code, status, message) => {
    expect(await call(verb, path, body)).toMatchObject(error(code, status, message));
  });

  test('keeps policies', async () => {
    const policy = { bindings: [{ role: 'roles/cloudtasks.enqueuer', members: ['user:a@example.com'] }] };
    await call('POST', `v2/${QUEUE}:setIamPolicy`, { policy });
    expect((await call('POST', `v2/${QUEUE}:getIamPolicy`, {})).body).toMatchObject(policy);
  });
});

describe('Secret Manager over REST', () => {
  const call = client(() => secrets);
  const make = (id: string, secret: object = {}) =>
    call('POST', `v1/projects/p/secrets?secretId=${id}`, secret);

  test('keeps secrets and gives their payloads', async () => {
    const made = await make('key', {
      replication: { userManaged: { replicas: [{ location: 'europe-west1' }] } },
      labels: { a: 'b' },
    });
    expect(made.body).toMatchObject({
      name: 'projects/p/secrets/key',
      replication: { userManaged: { replicas: [{ location: 'europe-west1' }] } },
      labels: { a: 'b' },
    });
    await call('POST', 'v1/projects/p/secrets/key:addVersion', { payload: { data: 'aGk=' } });
    const read = await call('GET', 'v1/projects/p/secrets/key/versions/latest:access');
    expect(read.body).toMatchObject({ name: 'projects/p/secrets/key/versions/1', payload: { data: 'aGk=' } });
  });

  test('forgets a secret when it expires', async () => {
    expect((await make('brief', { ttl: '3600s' })).body).toMatchObject({
      expireTime: new Date(clock.now() + 3_600_000).toISOString().replace('.000', ''),
    });
    await clock.advance(3_600_000);
    expect(await call('GET', 'v1/projects/p/secrets/brief')).toMatchObject(
      error(404, 'NOT_FOUND', 'not found'),
    );
  });

  test('puts the destruction of a version off for as long as its secret says, and takes it back', async () => {
    await make('delayed', { versionDestroyTtl: '86400s' });
    const version = 'v1/projects/p/secrets/delayed/versions/1';
    await call('POST', 'v1/projects/p/secrets/delayed:addVersion', { payload: { data: 'aGk=' } });
    const destroyed = await call('POST', `${version}:destroy`, {});
    expect(destroyed.body).toMatchObject({ state: 'DISABLED', scheduledDestroyTime: expect.any(String) });
    expect((await call('POST', `${version}:enable`, {})).body).not.toHaveProperty('scheduledDestroyTime');
    await clock.advance(2 * DAY);
    expect((await call('GET', `${version}:access`)).status).toBe(200);
    await call('POST', `${version}:destroy`, {});
    await clock.advance(DAY);
    expect((await call('GET', version)).body).toMatchObject({
      state: 'DESTROYED',
      destroyTime: expect.any(String),
    });
  });

  test('lists those that a filter names, and how many there are', async () => {
    for (const [id, env] of [
      ['one', 'prod'],
      ['two', 'test'],
      ['three', 'prod'],
    ] as const)
      await make(id, { labels: { env } });
    const names = async (filter: string) => {
      const { body } = await call(
        'GET',
        `v1/projects/p/secrets?pageSize=1&filter=${encodeURIComponent(filter)}`,
      );
      return {
        first: (body.secrets as { name: string }[] | undefined)?.[0]?.name,
        totalSize: body.totalSize,
      };
    };
    expect(await names('labels.env=prod')).toEqual({ first: 'projects/p/secrets/one', totalSize: 2 });
    expect(await names('labels.env=prod AND name:three')).toEqual({
      first: 'projects/p/secrets/three',
      totalSize: 1,
    });
    expect(await names('labels.env=none')).toEqual({ first: undefined, totalSize: undefined });
  });

  test.each([
    ['labels.env>prod', 'Invalid filter at "labels.env>prod"'],
    ['a OR b', 'Invalid filter at "OR"'],
  ])('refuses the filter %s', async (filter, message) => {
    const answer = await call('GET', `v1/projects/p/secrets?filter=${encodeURIComponent(filter)}`);
    expect(answer).toMatchObject(error(400, 'INVALID_ARGUMENT', message));
  });

  test.each([
    [{ rotation: { rotationPeriod: '7200s' } }, 'at least one topic'],
    [{ topics: [{ name: 'orders' }] }, 'projects/P/topics/T'],
    [{ labels: { A: 'b' } }, 'label "A"'],
    [{ expireTime: '2020-01-01T00:00:00Z' }, 'in the future'],
    [{ ttl: '5s', expireTime: '2030-01-01T00:00:00Z' }, `'expiration' is already set`],
    [{ versionDestroyTtl: '60s' }, '1 and 1000 days'],
    [{ versionAliases: { live: 1 } }, 'does not exist'],
  ])('refuses a secret with %j', async (secret, message) => {
    expect(await make('refused', secret)).toMatchObject(error(400, 'INVALID_ARGUMENT', message));
    expect((await call('GET', 'v1/projects/p/secrets/refused')).status).toBe(404);
  });

  test('changes only what the mask names, which must be something', async () => {
    await make('masked', { labels: { a: 'b' }, annotations: { c: 'd' } });
    const patched = await call('PATCH', 'v1/projects/p/secrets/masked?updateMask=labels', {
      labels: { e: 'f' },
    });
    expect(patched.body).toMatchObject({ labels: { e: 'f' }, annotations: { c: 'd' } });
    const path = 'v1/projects/p/secrets/masked';
    expect(await call('PATCH', path, {})).toMatchObject(error(400, 'INVALID_ARGUMENT', 'update_mask'));
    expect(await call('PATCH', `${path}?updateMask=name`, {})).toMatchObject(
      error(400, 'INVALID_ARGUMENT', '"name"'),
    );
  });

  test('keeps policies', async () => {
    await make('guarded');
    const policy = {
      bindings: [{ role: 'roles/secretmanager.secretAccessor', members: ['user:a@example.com'] }],
    };
    await call('POST', 'v1/projects/p/secrets/guarded:setIamPolicy', { policy });
    expect((await call('GET', 'v1/projects/p/secrets/guarded:getIamPolicy')).body).toMatchObject(policy);
    await call('DELETE', 'v1/projects/p/secrets/guarded');
    await make('guarded');
    expect((await call('GET', 'v1/projects/p/secrets/guarded:getIamPolicy')).body).toEqual({ etag: 'ACAB' });
  });
});
