import type { IncomingMessage } from 'node:http';
import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import type { AccessControl } from '../iam/access-control.ts';
import { principalOf } from '../iam/principal.ts';
import { crc32c } from '../secrets/crc32c.ts';
import { type JsonServerOptions, startJsonServer } from '../wire/json-server.ts';
import { StatusError } from '../wire/status.ts';
import type { CryptoKey, KeyVersion } from './crypto-key.ts';
import { KeyRings } from './key-rings.ts';

export interface KmsServerOptions extends JsonServerOptions {
  readonly clock?: Clock;
  /** Keys that are there from the beginning, by full name; their rings too. */
  readonly keys?: readonly string[];
  /** Who may do what; everybody everything unless given. */
  readonly access?: AccessControl;
}

export interface KmsServer {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly port: number;
  readonly core: KeyRings;
  close(): Promise<void>;
}

/**
 * Starts a local Cloud KMS, as far as symmetric encryption goes, over REST
 * (https://docs.cloud.google.com/kms/docs/reference/rest): key rings, keys, encrypt, decrypt, versions and their states. Rejects with Node's
 * error when the port cannot be had.
 */
export async function startKms(options: KmsServerOptions = {}): Promise<KmsServer> {
  const { clock = systemClock, keys = [], access } = options;
  const core = new KeyRings();
  for (const name of keys) {
    const [ring = '', id = ''] = name.split('/cryptoKeys/');
    try {
      core.ring(ring);
    } catch {
      core.createRing(ring, clock.now());
    }
    core.createKey(ring, id, clock.now());
  }
  const server = await startJsonServer((request) => answer(core, clock.now(), request, access), options);
  return { ...server, core };
}

type Body = Readonly<Record<string, unknown>>;

const RING = 'projects/[^/]+/locations/[^/]+/keyRings/[^/:]+';
const KEY = `${RING}/cryptoKeys/[^/:]+`;

/** Each method: its path, the permission that it takes, and what it does. */
interface Method {
  readonly call: RegExp;
  readonly permission: string;
  serve(core: KeyRings, now: number, names: readonly string[], body: Body, query: URLSearchParams): unknown;
}

const method = (call: string, permission: string, serve: Method['serve']): Method => ({
  call: new RegExp(`^${call}$`),
  permission: `cloudkms.${permission}`,
  serve,
});

const METHODS: readonly Method[] = [
  method(
    'POST (projects/[^/]+/locations/[^/]+)/keyRings',
    'keyRings.create',
    (core, now, [parent], _, query) => {
      const name = `${parent}/keyRings/${query.get('keyRingId') ?? ''}`;
      core.createRing(name, now);
      return ringMessage(core.ring(name));
    },
  ),
  method(`GET (${RING})`, 'keyRings.get', (core, _now, [name = '']) => ringMessage(core.ring(name))),
  method(`POST (${RING})/cryptoKeys`, 'cryptoKeys.create', (core, now, [ring = ''], body, query) => {
    if (body.purpose !== 'ENCRYPT_DECRYPT')
      throw new StatusError('INVALID_ARGUMENT', 'Only keys of the purpose ENCRYPT_DECRYPT are kept here.');
    return keyMessage(core.createKey(ring, query.get('cryptoKeyId') ?? '', now));
  }),
  method(`GET (${RING})/cryptoKeys`, 'cryptoKeys.list', (core, _now, [ring = '']) => {
    const cryptoKeys = core.keysOf(ring).map(keyMessage);
    return { cryptoKeys, totalSize: cryptoKeys.length };
  }),
  method(`GET (${KEY})`, 'cryptoKeys.get', (core, _now, [name = '']) => keyMessage(core.key(name))),
  method(`POST (${KEY}):encrypt`, 'cryptoKeyVersions.useToEncrypt', (core, now, [name = ''], body) => {
    const plaintext = bytes(body, 'plaintext');
    const { version, ciphertext } = core
      .key(name)
      .encrypt(plaintext, bytes(body, 'additionalAuthenticatedData'), now);
    return {
      name: version,
      ciphertext: ciphertext.toString('base64'),
      ciphertextCrc32c: String(crc32c(ciphertext)),
      verifiedPlaintextCrc32c: body.plaintextCrc32c !== undefined,
      verifiedAdditionalAuthenticatedDataCrc32c: body.additionalAuthenticatedDataCrc32c !== undefined,
      protectionLevel: 'SOFTWARE',
    };
  }),
  method(`POST (${KEY}):decrypt`, 'cryptoKeyVersions.useToDecrypt', (core, now, [name = ''], body) => {
    const plaintext = core
      .key(name)
      .decrypt(bytes(body, 'ciphertext'), bytes(body, 'additionalAuthenticatedData'), now);
    return {
      plaintext: plaintext.toString('base64'),
      plaintextCrc32c: String(crc32c(plaintext)),
      usedPrimary: true,
      protectionLevel: 'SOFTWARE',
    };
  }),
  method(`POST (${KEY}):updatePrimaryVersion`, 'cryptoKeys.update', (core, _now, [name = ''], body) => {
    const key = core.key(name);
    key.setPrimary(Number(body.cryptoKeyVersionId));
    return keyMessage(key);
  }),
  method(`GET (${KEY})/cryptoKeyVersions`, 'cryptoKeyVersions.list', (core, _now, [name = '']) => {
    const cryptoKeyVersions = core.key(name).versions.map(versionMessage);
    return { cryptoKeyVersions, totalSize: cryptoKeyVersions.length };
  }),
  method(`POST (${KEY})/cryptoKeyVersions`, 'cryptoKeyVersions.create', (core, now, [name = '']) =>
    versionMessage(core.key(name).addVersion(now)),
  ),
  method(
    `GET (${KEY})/cryptoKeyVersions/(\\d+)`,
    'cryptoKeyVersions.get',
    (core, _now, [name = '', number]) => versionMessage(core.key(name).version(Number(number))),
  ),
  method(
    `PATCH (${KEY})/cryptoKeyVersions/(\\d+)`,
    'cryptoKeyVersions.update',
    (core, now, [name = '', number], body) => {
      if (body.state !== 'ENABLED' && body.state !== 'DISABLED')
        throw new StatusError('INVALID_ARGUMENT', 'The state of a version is set to ENABLED or DISABLED.');
      return versionMessage(core.key(name).setState(Number(number), body.state, now));
    },
  ),
  method(
    `POST (${KEY})/cryptoKeyVersions/(\\d+):destroy`,
    'cryptoKeyVersions.destroy',
    (core, now, [name = '', number]) => versionMessage(core.key(name).destroy(Number(number), now)),
  ),
  method(
    `POST (${KEY})/cryptoKeyVersions/(\\d+):restore`,
    'cryptoKeyVersions.restore',
    (core, now, [name = '', number]) => versionMessage(core.key(name).restore(Number(number), now)),
  ),
];

async function answer(
  core: KeyRings,
  now: number,
  request: IncomingMessage,
  access: AccessControl | undefined,
): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const call = `${request.method} ${decodeURIComponent(pathname).replace(/^\/v1\//, '')}`;
  for (const { call: form, permission, serve } of METHODS) {
    const [, ...names] = form.exec(call) ?? [];
    if (names.length === 0) continue;
    if (access?.enforce) {
      const header = (name: string) => {
        const value = request.headers[name];
        return Array.isArray(value) ? value[0] : value;
      };
      access.require(principalOf(header), permission, names[0] ?? '', denied);
    }
    return serve(core, now, names, await bodyOf(request), searchParams);
  }
  throw new StatusError('NOT_FOUND', `Nothing is at ${call}.`);
}

const denied = (permission: string, resource: string) =>
  new StatusError(
    'PERMISSION_DENIED',
    `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`,
  );

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  if (parts.length === 0) return {};
  try {
    const body: unknown = JSON.parse(Buffer.concat(parts).toString());
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body;
  } catch {
    // Said below.
  }
  throw new StatusError('INVALID_ARGUMENT', 'The body is no JSON object.');
}

/** A field in base64, held against the checksum that may come with it. */
function bytes(body: Body, field: string): Buffer {
  const value = body[field] ?? '';
  if (typeof value !== 'string') throw new StatusError('INVALID_ARGUMENT', `${field} is no base64.`);
  const decoded = Buffer.from(value, 'base64');
  const crc = body[`${field}Crc32c`];
  if (crc !== undefined && Number(crc) !== crc32c(decoded))
    throw new StatusError(
      'INVALID_ARGUMENT',
      `The checksum in ${field}_crc32c did not match the data in ${field}.`,
    );
  return decoded;
}

const time = (ms: number) => new Date(ms).toISOString();

function ringMessage({ name, createTime }: { readonly name: string; readonly createTime: number }) {
  return { name, createTime: time(createTime) };
}

function keyMessage(key: CryptoKey) {
  return {
    name: key.name,
    purpose: 'ENCRYPT_DECRYPT',
    createTime: time(key.createTime),
    primary: versionMessage(key.primary),
    destroyScheduledDuration: '2592000s',
    versionTemplate: { protectionLevel: 'SOFTWARE', algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION' },
  };
}

function versionMessage({ name, state, createTime, destroyTime }: KeyVersion) {
  return {
    name,
    state,
    protectionLevel: 'SOFTWARE',
    algorithm: 'GOOGLE_SYMMETRIC_ENCRYPTION',
    createTime: time(createTime),
    ...(destroyTime !== undefined && { destroyTime: time(destroyTime) }),
  };
}
