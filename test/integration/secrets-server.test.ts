import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '../../emulator/secrets/crc32c.ts';
import { type SecretsServer, startSecrets } from '../../emulator/secrets/server.ts';

const parent = 'projects/demo-mesh';
const seeded = `${parent}/secrets/twilio-token`;
let server: SecretsServer;
let client: SecretManagerServiceClient;

beforeAll(async () => {
  server = await startSecrets({ secrets: { 'demo-mesh': { 'twilio-token': 'token-1' } } });
  client = new SecretManagerServiceClient({
    apiEndpoint: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
    universeDomain: 'googleapis.com',
  });
});

afterAll(async () => {
  await client.close();
  await server.close();
});

describe('Secret Manager through the real client', () => {
  test('a seeded secret is read, with its checksum', async () => {
    const [{ name, payload }] = await client.accessSecretVersion({ name: `${seeded}/versions/latest` });
    expect(name).toBe(`${seeded}/versions/1`);
    expect(Buffer.from(payload?.data ?? '').toString()).toBe('token-1');
    expect(Number(payload?.dataCrc32c)).toBe(crc32c(Buffer.from('token-1')));
  });

  test('a secret is made, gets versions and aliases, and is listed', async () => {
    const [secret] = await client.createSecret({
      parent,
      secretId: 'stripe-key',
      secret: { replication: { automatic: {} }, labels: { agent: 'payments' } },
    });
    const data = Buffer.from('sk_test_1');
    const [version] = await client.addSecretVersion({
      parent: secret.name ?? '',
      payload: { data, dataCrc32c: crc32c(data) },
    });
    expect(version).toMatchObject({ state: 'ENABLED', clientSpecifiedPayloadChecksum: true });
    await client.updateSecret({
      secret: { name: secret.name ?? '', versionAliases: { live: 1 } },
      updateMask: { paths: ['version_aliases'] },
    });
    const [{ payload }] = await client.accessSecretVersion({ name: `${secret.name}/versions/live` });
    expect(Buffer.from(payload?.data ?? '').toString()).toBe('sk_test_1');
    const [secrets] = await client.listSecrets({ parent });
    expect(secrets.map(({ name }) => name)).toEqual([secret.name, seeded]);
    expect(secrets[0]?.labels).toEqual({ agent: 'payments' });
  });

  test('a disabled version is refused, and read again once enabled', async () => {
    const name = `${seeded}/versions/1`;
    await client.disableSecretVersion({ name });
    await expect(client.accessSecretVersion({ name })).rejects.toMatchObject({
      code: 9,
      details: `Secret Version [${name}] is in DISABLED state.`,
    });
    await client.enableSecretVersion({ name });
    await client.accessSecretVersion({ name });
  });

  test('what is missing is NOT_FOUND, what exists ALREADY_EXISTS, a wrong checksum INVALID_ARGUMENT', async () => {
    await expect(
      client.accessSecretVersion({ name: `${parent}/secrets/none/versions/latest` }),
    ).rejects.toMatchObject({
      code: 5,
      details: `Secret [${parent}/secrets/none] not found or has no versions.`,
    });
    await expect(client.createSecret({ parent, secretId: 'twilio-token' })).rejects.toMatchObject({
      code: 6,
    });
    const payload = { data: Buffer.from('x'), dataCrc32c: 7 };
    await expect(client.addSecretVersion({ parent: seeded, payload })).rejects.toMatchObject({ code: 3 });
  });

  test('a destroyed version and a deleted secret are gone', async () => {
    const [secret] = await client.createSecret({ parent, secretId: 'short-lived' });
    const name = secret.name ?? '';
    await client.addSecretVersion({ parent: name, payload: { data: Buffer.from('x') } });
    const [destroyed] = await client.destroySecretVersion({ name: `${name}/versions/1` });
    expect(destroyed.state).toBe('DESTROYED');
    await client.deleteSecret({ name });
    await expect(client.getSecret({ name })).rejects.toMatchObject({ code: 5 });
  });
});
