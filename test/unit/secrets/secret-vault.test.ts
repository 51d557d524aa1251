import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../emulator/secrets/crc32c.ts';
import { SecretVault } from '../../../emulator/secrets/secret-vault.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

const PROJECT = 'projects/demo-mesh';
const KEY = `${PROJECT}/secrets/stripe-key`;

function vault() {
  return new SecretVault(new ManualClock(), { 'demo-mesh': { 'stripe-key': 'sk_test_1' } });
}

function read(secrets: SecretVault, version: string): string {
  return secrets.access(`${KEY}/versions/${version}`).payload.data.toString();
}

describe('a secret version', () => {
  test('is read by number and as latest', () => {
    const secrets = vault();
    secrets.addVersion(KEY, Buffer.from('sk_test_2'));
    expect(read(secrets, '1')).toBe('sk_test_1');
    expect(read(secrets, '2')).toBe('sk_test_2');
    expect(read(secrets, 'latest')).toBe('sk_test_2');
    expect(secrets.access(`${KEY}/versions/latest`).name).toBe(`${KEY}/versions/2`);
  });

  test('is read by its alias', () => {
    const secrets = vault();
    secrets.updateSecret(KEY, { versionAliases: { live: 1 } });
    secrets.addVersion(KEY, Buffer.from('sk_test_2'));
    expect(read(secrets, 'live')).toBe('sk_test_1');
    expect(() => secrets.updateSecret(KEY, { versionAliases: { next: 3 } })).toThrow(
      expect.objectContaining({ status: 'INVALID_ARGUMENT' }),
    );
  });

  test('cannot be read while disabled; latest does not fall back to an older one', () => {
    const secrets = vault();
    secrets.addVersion(KEY, Buffer.from('sk_test_2'));
    secrets.setVersionState(`${KEY}/versions/2`, 'DISABLED');
    expect(() => read(secrets, 'latest')).toThrow(
      expect.objectContaining({
        status: 'FAILED_PRECONDITION',
        message: `Secret Version [${KEY}/versions/2] is in DISABLED state.`,
      }),
    );
    secrets.setVersionState(`${KEY}/versions/2`, 'ENABLED');
    expect(read(secrets, 'latest')).toBe('sk_test_2');
  });

  test('is gone for good once destroyed', () => {
    const secrets = vault();
    const destroyed = secrets.setVersionState(`${KEY}/versions/1`, 'DESTROYED');
    expect(destroyed).toMatchObject({ state: 'DESTROYED', destroyMs: expect.any(Number) });
    expect(destroyed).not.toHaveProperty('data');
    const refused = expect.objectContaining({ status: 'FAILED_PRECONDITION' });
    expect(() => read(secrets, '1')).toThrow(refused);
    expect(() => secrets.setVersionState(`${KEY}/versions/1`, 'ENABLED')).toThrow(refused);
  });

  test('is changed only by who has seen its latest etag, where an etag is given', () => {
    const secrets = vault();
    const { etag } = secrets.getVersion(`${KEY}/versions/1`);
    secrets.setVersionState(`${KEY}/versions/1`, 'ENABLED', etag);
    expect(() => secrets.setVersionState(`${KEY}/versions/1`, 'DISABLED', etag)).toThrow(
      expect.objectContaining({ status: 'FAILED_PRECONDITION' }),
    );
  });

  test('is refused when its checksum is wrong, its data empty or over 64 KiB', () => {
    const secrets = vault();
    const refused = expect.objectContaining({ status: 'INVALID_ARGUMENT' });
    expect(() => secrets.addVersion(KEY, Buffer.from('a'), 1)).toThrow(refused);
    expect(() => secrets.addVersion(KEY, Buffer.alloc(0))).toThrow(refused);
    expect(() => secrets.addVersion(KEY, Buffer.alloc(65_537))).toThrow(refused);
    expect(secrets.listVersions(KEY).items).toHaveLength(1);
    secrets.addVersion(KEY, Buffer.alloc(65_536, 1));
  });
});

describe('what is not there', () => {
  test.each([
    [
      `${PROJECT}/secrets/none/versions/latest`,
      `Secret [${PROJECT}/secrets/none] not found or has no versions.`,
    ],
    [`${KEY}/versions/9`, `Secret Version [${KEY}/versions/9] not found.`],
    [`${KEY}/versions/none`, `Secret Version [${KEY}/versions/none] not found.`],
  ])('%s is NOT_FOUND, naming it', (name, message) => {
    expect(() => vault().access(name)).toThrow(expect.objectContaining({ status: 'NOT_FOUND', message }));
  });

  test('a secret without versions has nothing to read', () => {
    const secrets = vault();
    const { name } = secrets.createSecret(PROJECT, 'empty');
    expect(() => secrets.access(`${name}/versions/latest`)).toThrow(
      expect.objectContaining({
        status: 'NOT_FOUND',
        message: `Secret [${name}] not found or has no versions.`,
      }),
    );
  });
});

describe('a secret', () => {
  test('is made once, and again after it was deleted', () => {
    const secrets = vault();
    expect(() => secrets.createSecret(PROJECT, 'stripe-key')).toThrow(
      expect.objectContaining({ status: 'ALREADY_EXISTS' }),
    );
    secrets.deleteSecret(KEY);
    expect(() => secrets.getSecret(KEY)).toThrow(expect.objectContaining({ status: 'NOT_FOUND' }));
    secrets.createSecret(PROJECT, 'stripe-key');
    expect(secrets.listVersions(KEY).items).toHaveLength(0);
  });

  test('lists its versions newest first', () => {
    const secrets = vault();
    for (let i = 2; i <= 12; i++) secrets.addVersion(KEY, Buffer.from(`v${i}`));
    const numbers = secrets.listVersions(KEY).items.map(({ number }) => number);
    expect(numbers).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });
});

describe('crc32c', () => {
  test('gives the check value of its definition', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  test('tells a changed byte', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (data, at, by) => {
          const changed = Uint8Array.from(data);
          const index = at % data.length;
          changed[index] = (changed[index] as number) ^ by;
          expect(crc32c(changed)).not.toBe(crc32c(data));
        },
      ),
    );
  });
});
