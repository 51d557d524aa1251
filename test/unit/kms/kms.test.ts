import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AccessControl } from '../../../emulator/iam/access-control.ts';
import { type KmsServer, startKms } from '../../../emulator/kms/server.ts';
import { CloudKms } from '../../../shared/gcp/kms.ts';
import { EnvelopeCodec } from '../../../shared/kernel/index.ts';
import { ManualClock, MemoryStore } from '../../../shared/testing/index.ts';

const RING = 'projects/p/locations/europe-west1/keyRings/mesh';
const DAY_MS = 86_400_000;

let clock: ManualClock;
let kms: KmsServer;
beforeEach(async () => {
  clock = new ManualClock();
  kms = await startKms({ clock, keys: [`${RING}/cryptoKeys/mesh`, `${RING}/cryptoKeys/ada`] });
});
afterEach(() => kms.close());

async function call(method: string, path: string, body?: object) {
  const response = await fetch(`http://${kms.address}/v1/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}
const base64 = (text: string) => Buffer.from(text).toString('base64');
/** Beyond the pauses between two attempts. */
async function moving<Result>(work: Promise<Result>): Promise<Result> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  done.catch(() => {});
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    if (clock.nextDue !== undefined) await clock.advance(clock.nextDue - clock.now());
  }
  return done;
}
const keysPer = (per: 'mesh' | 'tenant', address = kms.address, principal?: string) =>
  new CloudKms({
    keys: { ring: RING, per },
    local: { host: address, principal },
    clock,
    token: () => Promise.reject(new Error('there are no credentials here')),
  });

describe('the local Cloud KMS', () => {
  it('makes rings and keys, and says what is there already', async () => {
    const parent = 'projects/p/locations/us-central1';
    expect(await call('POST', `${parent}/keyRings?keyRingId=r`)).toMatchObject({ status: 200 });
    expect(await call('POST', `${parent}/keyRings?keyRingId=r`)).toMatchObject({ status: 409 });
    const key = await call('POST', `${parent}/keyRings/r/cryptoKeys?cryptoKeyId=k`, {
      purpose: 'ENCRYPT_DECRYPT',
    });
    expect(key.body).toMatchObject({
      name: `${parent}/keyRings/r/cryptoKeys/k`,
      primary: { state: 'ENABLED' },
    });
    expect(await call('GET', `${parent}/keyRings/r/cryptoKeys`)).toMatchObject({ body: { totalSize: 1 } });
    expect(await call('GET', `${parent}/keyRings/none`)).toMatchObject({
      status: 404,
      body: { error: { status: 'NOT_FOUND' } },
    });
    expect(
      await call('POST', `${parent}/keyRings/r/cryptoKeys?cryptoKeyId=s`, { purpose: 'ASYMMETRIC_SIGN' }),
    ).toMatchObject({ status: 400 });
  });

  it('decrypts what it encrypted, with the same data beside it, under every version', async () => {
    const key = `${RING}/cryptoKeys/ada`;
    const aad = base64('tenant');
    const first = await call('POST', `${key}:encrypt`, {
      plaintext: base64('one'),
      additionalAuthenticatedData: aad,
    });
    await call('POST', `${key}/cryptoKeyVersions`, {});
    await call('POST', `${key}:updatePrimaryVersion`, { cryptoKeyVersionId: '2' });
    const second = await call('POST', `${key}:encrypt`, { plaintext: base64('two') });
    expect([first.body.name, second.body.name]).toEqual([
      `${key}/cryptoKeyVersions/1`,
      `${key}/cryptoKeyVersions/2`,
    ]);
    const { ciphertext } = first.body;
    expect(
      await call('POST', `${key}:decrypt`, { ciphertext, additionalAuthenticatedData: aad }),
    ).toMatchObject({ body: { plaintext: base64('one') } });
    for (const wrong of [
      { ciphertext },
      { ciphertext: base64('x'.repeat(60)), additionalAuthenticatedData: aad },
    ])
      expect(await call('POST', `${key}:decrypt`, wrong)).toMatchObject({
        status: 400,
        body: { error: { status: 'INVALID_ARGUMENT' } },
      });
  });

  it('destroys a version after 30 days, in which it can be had back', async () => {
    const version = `${RING}/cryptoKeys/ada/cryptoKeyVersions/1`;
    const encrypting = () => call('POST', `${RING}/cryptoKeys/ada:encrypt`, { plaintext: base64('x') });
    expect(await call('POST', `${version}:destroy`, {})).toMatchObject({
      body: { state: 'DESTROY_SCHEDULED' },
    });
    expect(await encrypting()).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('DESTROY_SCHEDULED') } },
    });
    await clock.advance(29 * DAY_MS);
    expect(await call('POST', `${version}:restore`, {})).toMatchObject({ body: { state: 'DISABLED' } });
    await call('PATCH', version, { state: 'ENABLED' });
    expect((await encrypting()).status).toBe(200);
    await call('POST', `${version}:destroy`, {});
    await clock.advance(30 * DAY_MS);
    expect((await encrypting()).body).toMatchObject({
      error: { message: expect.stringContaining('DESTROYED') },
    });
    expect((await call('POST', `${version}:restore`, {})).status).toBe(400);
  });

  it('holds what it is given against the checksum that comes with it', async () => {
    const body = { plaintext: base64('x'), plaintextCrc32c: '1' };
    expect(await call('POST', `${RING}/cryptoKeys/ada:encrypt`, body)).toMatchObject({ status: 400 });
  });

  it('refuses callers without a grant, where access is enforced', async () => {
    const member = 'serviceAccount:clinic@p.iam.gserviceaccount.com';
    const grant = { member, role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter', resource: RING };
    const guarded = await startKms({
      clock,
      keys: [`${RING}/cryptoKeys/mesh`],
      access: new AccessControl({ enforce: true, grants: [grant] }),
    });
    try {
      expect(await keysPer('mesh', guarded.address, member).wrap('ada', Buffer.alloc(32))).toBeInstanceOf(
        Uint8Array,
      );
      const other = keysPer('mesh', guarded.address, 'serviceAccount:other@p.iam.gserviceaccount.com');
      await expect(other.wrap('ada', Buffer.alloc(32))).rejects.toMatchObject({ code: 'KeysUnavailable' });
    } finally {
      await guarded.close();
    }
  });
});

describe('keys of Cloud KMS', () => {
  it('wrap a data key for one tenant, and for no other', async () => {
    const keys = keysPer('mesh');
    const dataKey = Buffer.alloc(32, 7);
    const wrapped = await keys.wrap('ada', dataKey);
    expect(Buffer.from(await keys.unwrap('ada', wrapped))).toEqual(dataKey);
    await expect(keys.unwrap('bob', wrapped)).rejects.toMatchObject({ code: 'PayloadDamaged' });
  });

  it('erase a tenant by destroying its key, while a disabled key and one that is not there are waited for', async () => {
    const keys = keysPer('tenant');
    const wrapped = await keys.wrap('ada', Buffer.alloc(32));
    await expect(keys.wrap('bob', Buffer.alloc(32))).rejects.toMatchObject({
      code: 'KeysUnavailable',
      retry: true,
    });
    const version = `${RING}/cryptoKeys/ada/cryptoKeyVersions/1`;
    await call('PATCH', version, { state: 'DISABLED' });
    await expect(keys.unwrap('ada', wrapped)).rejects.toMatchObject({ code: 'KeysUnavailable' });
    await call('PATCH', version, { state: 'ENABLED' });
    await call('POST', `${version}:destroy`, {});
    await expect(keys.unwrap('ada', wrapped)).rejects.toMatchObject({ code: 'PayloadErased', retry: false });
  });

  it('are tried a few times, then waited for', async () => {
    await kms.close();
    const error = await moving(
      keysPer('mesh')
        .wrap('ada', Buffer.alloc(32))
        .catch((caught: unknown) => caught),
    );
    expect(error).toMatchObject({ code: 'KeysUnavailable', retryAfterMs: 10_000 });
  });

  it('serve the codec', async () => {
    const codec = new EnvelopeCodec({ keys: keysPer('mesh'), store: new MemoryStore(), clock });
    const sealed = await codec.seal('ada', Buffer.from('measles'), 'place');
    expect(Buffer.from(await codec.open(sealed, 'place')).toString()).toBe('measles');
  });
});
