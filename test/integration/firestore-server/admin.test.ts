import { v1 } from '@google-cloud/firestore';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FirestoreServer, startFirestore } from '../../../emulator/firestore/server.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { newClient } from './client.ts';

const DAY_MS = 24 * 3600_000;
const clock = new ManualClock();
let server: FirestoreServer;
let admin: InstanceType<typeof v1.FirestoreAdminClient>;
let projects = 0;

beforeAll(async () => {
  server = await startFirestore({ clock, requireIndexes: true });
  process.env.FIRESTORE_EMULATOR_HOST = server.address;
  admin = new v1.FirestoreAdminClient({
    servicePath: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
    universeDomain: 'googleapis.com',
  });
});

afterAll(async () => {
  delete process.env.FIRESTORE_EMULATOR_HOST;
  await admin.close();
  await server.close();
});

/** A project of its own, with a database that has a document. */
async function project() {
  const projectId = `admin-${++projects}`;
  const firestore = newClient({ projectId });
  await firestore.doc('orders/1').set({ status: 'open', at: 1 });
  const database = `projects/${projectId}/databases/(default)`;
  return { projectId, firestore, database, orders: `${database}/collectionGroups/orders` };
}

test('an index that is made serves the query that it was missing for', async () => {
  const { firestore, orders } = await project();
  const open = firestore.collection('orders').where('status', '==', 'open').orderBy('at');
  await expect(open.get()).rejects.toMatchObject({
    code: 9,
    details: expect.stringContaining('requires an index'),
  });
  const order = 'ASCENDING' as const;
  const fields = [
    { fieldPath: 'status', order },
    { fieldPath: 'at', order },
  ];
  const index = { queryScope: 'COLLECTION' as const, fields };
  const [operation] = await admin.createIndex({ parent: orders, index });
  const [made] = await operation.promise();
  // The client reads what an operation holds with its enums as numbers.
  expect(made).toMatchObject({ name: expect.stringContaining(`${orders}/indexes/`), state: 2 });
  expect((await open.get()).size).toBe(1);
  await expect(admin.createIndex({ parent: orders, index })).rejects.toMatchObject({ code: 6 });
  const [listed] = await admin.listIndexes({ parent: orders });
  expect(listed).toMatchObject([
    { fields: [...index.fields, { fieldPath: '__name__', order: 'ASCENDING' }] },
  ]);
  const name = made.name ?? '';
  expect((await admin.getIndex({ name }))[0]).toMatchObject({ name });
  await admin.deleteIndex({ name });
  await expect(admin.getIndex({ name })).rejects.toMatchObject({ code: 5 });
  await expect(open.get()).rejects.toMatchObject({ code: 9 });
  await firestore.terminate();
});

test('a field is exempted, given back, and holds when documents expire', async () => {
  const { firestore, database, orders } = await project();
  const name = `${orders}/fields/status`;
  const byStatus = firestore.collection('orders').where('status', '==', 'open');
  expect((await admin.getField({ name }))[0]).toMatchObject({ indexConfig: { usesAncestorConfig: true } });
  const update = async (field: object, path: string) => {
    const [operation] = await admin.updateField({ field: { name, ...field }, updateMask: { paths: [path] } });
    await operation.promise();
  };
  await update({ indexConfig: { indexes: [] } }, 'index_config');
  await expect(byStatus.get()).rejects.toMatchObject({ code: 9 });
  const filter = 'indexConfig.usesAncestorConfig:false';
  expect((await admin.listFields({ parent: orders, filter }))[0]).toMatchObject([{ name }]);
  await update({}, 'index_config');
  expect((await byStatus.get()).size).toBe(1);

  const expireAt = { name: `${orders}/fields/expireAt` };
  const updateMask = { paths: ['ttl_config'] };
  await admin.updateField({ field: { ...expireAt, ttlConfig: {} }, updateMask });
  expect((await admin.getField(expireAt))[0]).toMatchObject({ ttlConfig: { state: 'ACTIVE' } });
  await expect(update({ ttlConfig: {} }, 'ttl_config')).rejects.toMatchObject({ code: 9 });
  await firestore.doc('orders/old').set({ expireAt: new Date(clock.now() - 1) });
  expect(server.store.named(database).expire()).toEqual(['orders/old']);
  await admin.updateField({ field: expireAt, updateMask });
  expect((await admin.listFields({ parent: orders, filter: 'ttlConfig:*' }))[0]).toEqual([]);
  await firestore.terminate();
});

describe('databases', () => {
  test('are made, listed, changed, protected and deleted', async () => {
    const { projectId, firestore, database } = await project();
    const parent = `projects/${projectId}`;
    const make = (databaseId: string) =>
      admin.createDatabase({ parent, databaseId, database: { locationId: 'eur3' } });
    const [operation] = await make('second');
    expect((await operation.promise())[0]).toMatchObject({
      name: `${parent}/databases/second`,
      locationId: 'eur3',
    });
    await expect(make('second')).rejects.toMatchObject({ code: 6 });
    await expect(make('No')).rejects.toMatchObject({ code: 3 });
    const [{ databases = [] }] = await admin.listDatabases({ parent });
    expect(databases?.map(({ name }) => name)).toEqual([database, `${parent}/databases/second`]);
    const name = `${parent}/databases/second`;
    const protect = async (
      deleteProtectionState: 'DELETE_PROTECTION_ENABLED' | 'DELETE_PROTECTION_DISABLED',
    ) => {
      const updateMask = { paths: ['delete_protection_state'] };
      const [changed] = await admin.updateDatabase({ database: { name, deleteProtectionState }, updateMask });
      await changed.promise();
    };
    await protect('DELETE_PROTECTION_ENABLED');
    await expect(admin.deleteDatabase({ name })).rejects.toMatchObject({ code: 9 });
    await protect('DELETE_PROTECTION_DISABLED');
    await admin.deleteDatabase({ name });
    await expect(admin.getDatabase({ name })).rejects.toMatchObject({ code: 5 });
    await firestore.terminate();
  });

  test('are backed up by the clock, and restored into new ones', async () => {
    const { projectId, firestore, database } = await project();
    const [schedule] = await admin.createBackupSchedule({
      parent: database,
      backupSchedule: { dailyRecurrence: {}, retention: { seconds: (2 * DAY_MS) / 1000 } },
    });
    clock.advance(DAY_MS);
    await firestore.doc('orders/1').delete();
    const parent = `projects/${projectId}/locations/-`;
    const [{ backups }] = await admin.listBackups({ parent });
    expect(backups).toMatchObject([{ database, state: 'READY', stats: { documentCount: '1' } }]);
    const backup = backups?.[0]?.name ?? '';
    const [operation] = await admin.restoreDatabase({
      parent: `projects/${projectId}`,
      databaseId: 'again',
      backup,
    });
    await operation.promise();
    const again = newClient({ projectId, databaseId: 'again' });
    expect((await again.doc('orders/1').get()).data()).toEqual({ status: 'open', at: 1 });
    await admin.deleteBackupSchedule({ name: schedule.name ?? '' });
    clock.advance(2 * DAY_MS);
    expect((await admin.listBackups({ parent }))[0].backups).toEqual([]);
    await Promise.all([firestore.terminate(), again.terminate()]);
  });

  test('are exported, emptied and imported', async () => {
    const { firestore, database } = await project();
    const uri = 'gs://bucket/export';
    const [out] = await admin.exportDocuments({ name: database, outputUriPrefix: uri });
    expect((await out.promise())[0]).toMatchObject({ outputUriPrefix: uri });
    await admin.bulkDeleteDocuments({ name: database, collectionIds: ['orders'] });
    expect((await firestore.doc('orders/1').get()).exists).toBe(false);
    await admin.importDocuments({ name: database, inputUriPrefix: uri });
    expect((await firestore.doc('orders/1').get()).exists).toBe(true);
    await expect(
      admin.importDocuments({ name: database, inputUriPrefix: 'gs://none' }),
    ).rejects.toMatchObject({ code: 5 });
    await firestore.terminate();
  });
});

test('the same over REST, operations too', async () => {
  const { firestore, database, orders } = await project();
  const ask = async (verb: string, path: string, body?: object) => {
    const response = await fetch(`http://${server.address}/v1/${path}`, {
      method: verb,
      ...(body && { body: JSON.stringify(body) }),
    });
    return (await response.json()) as { readonly name: string };
  };
  const operation = await ask('POST', `${orders}/indexes`, {
    queryScope: 'COLLECTION',
    fields: [
      { fieldPath: 'a', order: 'ASCENDING' },
      { fieldPath: 'v', vectorConfig: { dimension: 3, flat: {} } },
    ],
  });
  expect(operation).toMatchObject({
    done: true,
    response: { '@type': 'type.googleapis.com/google.firestore.admin.v1.Index', state: 'READY' },
  });
  expect(await ask('GET', operation.name)).toEqual(operation);
  expect(await ask('GET', `${database}/operations`)).toEqual({ operations: [operation] });
  expect(await ask('GET', `${orders}/indexes`)).toMatchObject({
    indexes: [
      {
        fields: [{ fieldPath: 'a' }, { fieldPath: '__name__' }, { vectorConfig: { dimension: 3, flat: {} } }],
      },
    ],
  });
  expect(await ask('GET', database)).toMatchObject({ name: database, type: 'FIRESTORE_NATIVE' });
  await firestore.terminate();
});
