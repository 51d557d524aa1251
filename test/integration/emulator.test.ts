import { Firestore } from '@google-cloud/firestore';
import { PubSub } from '@google-cloud/pubsub';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Emulator, startEmulator } from '../../emulator/emulator.ts';
import { eventually } from '../support/eventually.ts';

/** Google's services outside a mesh, by their own clients. */
describe('an emulator', () => {
  let emulator: Emulator;
  let firestore: Firestore;
  let pubsub: PubSub;

  beforeAll(async () => {
    emulator = await startEmulator({ only: ['pubsub', 'firestore'], logRequests: true });
    const [host = '', port] = (emulator.addresses.firestore ?? '').split(':');
    firestore = new Firestore({ projectId: 'demo', host, port: Number(port), ssl: false });
    vi.stubEnv('PUBSUB_EMULATOR_HOST', emulator.env.PUBSUB_EMULATOR_HOST);
    pubsub = new PubSub({ projectId: 'demo' });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await Promise.all([firestore.terminate(), pubsub.close()]);
    await emulator.stop();
  });

  const hub = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://${emulator.addresses.hub}${path}`, init);
    const text = await response.text();
    const json = response.headers.get('content-type') === 'application/json';
    return { status: response.status, body: json ? JSON.parse(text) : text };
  };
  const post = (path: string, body: unknown) => hub(path, { method: 'POST', body: JSON.stringify(body) });

  test('starts only what is wanted, and says where it is', async () => {
    expect(Object.keys(emulator.addresses)).toEqual(['pubsub', 'firestore', 'hub']);
    expect(await hub('/healthz')).toEqual({
      status: 200,
      body: {
        status: 'ok',
        servers: { pubsub: emulator.addresses.pubsub, firestore: emulator.addresses.firestore },
      },
    });
    expect((await hub('/env')).body).toBe(
      `export PUBSUB_EMULATOR_HOST=${emulator.addresses.pubsub}\nexport FIRESTORE_EMULATOR_HOST=${emulator.addresses.firestore}\n`,
    );
  });

  test('is emptied on request: documents are gone and listeners told, topics are gone', async () => {
    await pubsub.createTopic('news');
    await firestore.doc('people/ada').set({ born: 1815 });
    const sizes: number[] = [];
    const stop = firestore.collection('people').onSnapshot(({ size }) => sizes.push(size));
    await eventually(() => expect(sizes).toEqual([1]));
    expect((await post('/reset', {})).status).toBe(200);
    await eventually(() => expect(sizes).toEqual([1, 0]));
    stop();
    expect((await firestore.doc('people/ada').get()).exists).toBe(false);
    expect((await pubsub.getTopics())[0]).toEqual([]);
  });

  test('a transaction that is open while it is emptied is begun anew, and sees nothing of before', async () => {
    const ada = firestore.doc('people/ada');
    await ada.set({ born: 1815 });
    const seen: boolean[] = [];
    await firestore.runTransaction(async (transaction) => {
      seen.push((await transaction.get(ada)).exists);
      if (seen.length === 1) await emulator.reset(['firestore']);
      transaction.set(ada, { attempts: seen.length });
    });
    expect(seen).toEqual([true, false]);
    expect((await ada.get()).data()).toEqual({ attempts: 2 });
  });

  test('its clock is moved on: what expires in an hour is gone at once', async () => {
    emulator.servers.firestore?.store.database('demo').setTtl('sessions', 'expireAt');
    await firestore.doc('sessions/one').set({ expireAt: new Date(emulator.clock.now() + 3_600_000) });
    await firestore.doc('sessions/two').set({ expireAt: new Date(emulator.clock.now() + 3 * 86_400_000) });
    expect((await post('/clock', { advance: '2h' })).body).toMatchObject({ aheadMs: 7_200_000 });
    expect((await firestore.collection('sessions').get()).docs.map(({ id }) => id)).toEqual(['two']);
  });

  test('keeps what it was asked, with what went wrong, and nothing of what was in it', async () => {
    await firestore.doc('secrets/one').set({ word: 'swordfish' });
    await expect(firestore.doc('secrets/one').create({})).rejects.toThrow('ALREADY_EXISTS');
    await fetch(`http://${emulator.addresses.pubsub}/v1/projects/demo/topics/none`);
    const { body } = await hub('/requests?limit=3');
    expect(body).toMatchObject([
      { server: 'firestore', method: 'google.firestore.v1.Firestore/Commit', status: 'OK' },
      { server: 'firestore', method: 'google.firestore.v1.Firestore/Commit', status: 'ALREADY_EXISTS' },
      { server: 'pubsub', method: 'GET /v1/projects/demo/topics/none', status: '404' },
    ]);
    expect(JSON.stringify((await hub('/requests')).body)).not.toContain('swordfish');
  });

  test.each([
    ['POST', '/clock', { advance: 'soon' }, 400, /length of time/],
    ['POST', '/clock', {}, 400, /length of time/],
    ['POST', '/clock', [], 400, /JSON object/],
    ['POST', '/reset', { only: ['tasks'] }, 400, /"tasks" does not run here; there are: pubsub, firestore/],
    ['POST', '/reset', { only: 'pubsub' }, 400, /list of names/],
    ['GET', '/requests?limit=all', undefined, 400, /whole number/],
    ['GET', '/nothing', undefined, 404, /no GET \/nothing/],
  ])('refuses %s %s %j, naming what is wrong', async (method, path, body, status, message) => {
    const answer = await hub(path, { method, ...(body && { body: JSON.stringify(body) }) });
    expect(answer.status).toBe(status);
    expect(answer.body.error.message).toMatch(message);
  });

  test('lets no page of the Web in', async () => {
    const answer = await hub('/reset', {
      method: 'POST',
      body: '{}',
      headers: { origin: 'https://example.com' },
    });
    expect(answer.status).toBe(403);
  });
});

test('a port that is taken is named, and nothing is left running', async () => {
  const first = await startEmulator({ only: ['tasks'] });
  const port = Number(first.addresses.tasks?.split(':')[1]);
  try {
    await expect(startEmulator({ only: ['pubsub', 'tasks'], ports: { tasks: port } })).rejects.toMatchObject({
      name: 'PortTaken',
      server: 'tasks',
      port,
    });
  } finally {
    await first.stop();
  }
});

test('an emulator with indexes refuses the queries that they do not serve', async () => {
  const order = 'ASCENDING' as const;
  const fields = [
    { fieldPath: 'kind', order },
    { fieldPath: 'n', order },
  ];
  const emulator = await startEmulator({
    only: ['firestore'],
    indexes: { indexes: [{ collectionGroup: 'c', queryScope: 'COLLECTION', fields }], fieldOverrides: [] },
  });
  const [host = '', port] = (emulator.addresses.firestore ?? '').split(':');
  const firestore = new Firestore({ projectId: 'demo', host, port: Number(port), ssl: false });
  const sorted = (collection: string) =>
    firestore.collection(collection).where('kind', '==', 1).orderBy('n').get();
  await expect(sorted('c')).resolves.toMatchObject({ size: 0 });
  await expect(sorted('d')).rejects.toMatchObject({ code: 9 });
  await firestore.terminate();
  await emulator.stop();
});

test('logs what Cloud Scheduler is asked too', async () => {
  const emulator = await startEmulator({ only: ['scheduler'], logRequests: true });
  try {
    await fetch(`http://${emulator.addresses.scheduler}/v1/projects/demo/locations/here/jobs`);
    expect(emulator.requests()).toMatchObject([
      { server: 'scheduler', method: 'GET /v1/projects/demo/locations/here/jobs', status: '200' },
    ]);
  } finally {
    await emulator.stop();
  }
});
