import { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FirestoreServer, startFirestore } from '../../../emulator/firestore/server.ts';
import { AccessControl } from '../../../emulator/iam/access-control.ts';

const user = 'serviceAccount:user@p.iam.gserviceaccount.com';
const viewer = 'serviceAccount:viewer@p.iam.gserviceaccount.com';
const grants = [
  { member: user, role: 'roles/datastore.user', resource: 'projects/p' },
  { member: viewer, role: 'roles/datastore.viewer', resource: 'projects/p' },
];
const clients: Firestore[] = [];
let server: FirestoreServer;

beforeAll(async () => {
  server = await startFirestore({ access: new AccessControl({ enforce: true, grants }) });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.terminate()));
  await server.close();
});

function clientOf(principal: string | undefined): Firestore {
  const customHeaders = principal === undefined ? {} : { 'x-emulator-principal': principal };
  const client = new Firestore({ projectId: 'p', host: server.address, ssl: false, customHeaders });
  clients.push(client);
  return client;
}

/** The status of each: reading, querying, writing, in a transaction, listening. */
async function statuses(principal: string | undefined): Promise<unknown[]> {
  const firestore = clientOf(principal);
  const doc = firestore.doc('c/a');
  const listened = new Promise((resolve, reject) => {
    const stop = firestore.collection('c').onSnapshot((snapshot) => {
      stop();
      resolve(snapshot.size);
    }, reject);
  });
  const calls = [
    doc.get(),
    firestore.collection('c').limit(1).get(),
    doc.set({ n: 1 }),
    firestore.runTransaction(async (transaction) =>
      transaction.set(doc, { n: (await transaction.get(doc)).get('n') }),
    ),
    listened,
  ];
  const outcomes = await Promise.allSettled(calls);
  return outcomes.map((each) =>
    each.status === 'fulfilled' ? 'ok' : (each.reason.code ?? each.reason.message),
  );
}

test('who may read and write does; who may read only is refused writes; who is granted nothing is refused', async () => {
  expect(await statuses(user)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  expect(await statuses(viewer)).toEqual(['ok', 'ok', 7, 7, 'ok']);
  expect(await statuses('serviceAccount:nobody@p.iam.gserviceaccount.com')).toEqual([
    7,
    7,
    7,
    7,
    // What a client makes of a target that was removed.
    'Error 7: Missing or insufficient permissions.',
  ]);
});

test('a refusal has the words of the service', async () => {
  const refused = clientOf(viewer).doc('c/a').set({});
  await expect(refused).rejects.toMatchObject({ details: 'Missing or insufficient permissions.' });
});
