import { createRequire } from 'node:module';
import type { AccessControl } from '../iam/access-control.ts';
import { guarded, type Needs } from '../iam/guard.ts';
import { iamMethods } from '../iam/iam-methods.ts';
import type { Api, Serve } from '../wire/api.ts';
import type { PageRequest } from '../wire/page.ts';
import { Protocol } from '../wire/protocol.ts';
import { StatusError } from '../wire/status.ts';
import { filterOf } from './list-filter.ts';
import { type SecretMessage, secretMessage, settingsOf, updateOf, versionMessage } from './messages.ts';
import type { Secret, SecretVersion, VersionState } from './secret.ts';
import type { SecretVault } from './secret-vault.ts';

interface Named {
  readonly name: string;
  readonly etag?: string;
}

interface Listing extends PageRequest {
  readonly parent: string;
  readonly filter?: string;
}

interface CreateSecret {
  readonly parent: string;
  readonly secretId?: string;
  readonly secret?: SecretMessage;
}

interface UpdateSecret {
  readonly secret?: SecretMessage;
  readonly updateMask?: { readonly paths?: readonly string[] };
}

interface AddVersion {
  readonly parent: string;
  readonly payload?: { readonly data?: Uint8Array; readonly dataCrc32c?: string };
}

/** google.cloud.secretmanager.v1.SecretManagerService */
export function secretsApi(core: SecretVault, access: AccessControl): Api {
  const path = createRequire(import.meta.url).resolve(
    '@google-cloud/secret-manager/build/protos/protos.json',
  );
  const methods = {
    ...methodsOf(core),
    ...iamMethods({ access, requireResource: (name) => core.getSecret(name) }),
  };
  return {
    protocol: new Protocol(path),
    service: 'google.cloud.secretmanager.v1.SecretManagerService',
    methods: guarded(methods, NEEDS, access, denied),
  };
}

function methodsOf(core: SecretVault): Record<string, Serve> {
  const setState =
    (state: VersionState): Serve =>
    ({ name, etag }: Named) =>
      versionMessage(core.setVersionState(name, state, etag));
  return {
    CreateSecret: ({ parent, secretId = '', secret = {} }: CreateSecret) =>
      secretMessage(core.createSecret(parent, secretId, settingsOf(secret, core.now), secret)),
    GetSecret: ({ name }: Named) => secretMessage(core.getSecret(name)),
    ListSecrets: ({ parent, filter = '', ...page }: Listing) => {
      const { items, nextPageToken, totalSize } = core.listSecrets(
        parent,
        page,
        filterOf(filter, secretField),
      );
      return { secrets: items.map(secretMessage), nextPageToken, totalSize };
    },
    UpdateSecret: ({ secret, updateMask }: UpdateSecret) => {
      const message = required('secret', secret);
      const settings = updateOf(message, updateMask?.paths ?? [], core.now);
      return secretMessage(core.updateSecret(message.name ?? '', settings, message.etag));
    },
    DeleteSecret: ({ name, etag }: Named) => {
      core.deleteSecret(name, etag);
      return {};
    },
    AddSecretVersion: ({ parent, payload }: AddVersion) => {
      const { data = new Uint8Array(), dataCrc32c } = required('payload', payload);
      const checksum = dataCrc32c === undefined || dataCrc32c === null ? undefined : Number(dataCrc32c);
      return versionMessage(core.addVersion(parent, Buffer.from(data), checksum));
    },
    GetSecretVersion: ({ name }: Named) => versionMessage(core.getVersion(name)),
    ListSecretVersions: ({ parent, filter = '', ...page }: Listing) => {
      const { items, nextPageToken, totalSize } = core.listVersions(
        parent,
        page,
        filterOf(filter, versionField),
      );
      return { versions: items.map(versionMessage), nextPageToken, totalSize };
    },
    AccessSecretVersion: ({ name: wanted }: Named) => {
      const { name, payload } = core.access(wanted);
      return { name, payload: { data: payload.data, dataCrc32c: String(payload.checksum) } };
    },
    EnableSecretVersion: setState('ENABLED'),
    DisableSecretVersion: setState('DISABLED'),
    DestroySecretVersion: setState('DESTROYED'),
  };
}

/** https://cloud.google.com/secret-manager/docs/access-control */
const NEEDS: Readonly<Record<string, Needs>> = {
  CreateSecret: onParent('secretmanager.secrets.create'),
  GetSecret: onName('secretmanager.secrets.get'),
  ListSecrets: onParent('secretmanager.secrets.list'),
  UpdateSecret: ({ secret }: UpdateSecret) => [['secretmanager.secrets.update', secret?.name ?? '']],
  DeleteSecret: onName('secretmanager.secrets.delete'),
  AddSecretVersion: onParent('secretmanager.versions.add'),
  GetSecretVersion: onName('secretmanager.versions.get'),
  ListSecretVersions: onParent('secretmanager.versions.list'),
  AccessSecretVersion: onName('secretmanager.versions.access'),
  EnableSecretVersion: onName('secretmanager.versions.enable'),
  DisableSecretVersion: onName('secretmanager.versions.disable'),
  DestroySecretVersion: onName('secretmanager.versions.destroy'),
  GetIamPolicy: ({ resource }: { resource: string }) => [['secretmanager.secrets.getIamPolicy', resource]],
  SetIamPolicy: ({ resource }: { resource: string }) => [['secretmanager.secrets.setIamPolicy', resource]],
  TestIamPermissions: () => [],
};

function onName(permission: string): Needs {
  return ({ name }: Named) => [[permission, name]];
}

function onParent(permission: string): Needs {
  return ({ parent }: Listing) => [[permission, parent]];
}

function denied(permission: string, resource: string): StatusError {
  return new StatusError(
    'PERMISSION_DENIED',
    `Permission '${permission}' denied for resource '${resource}' (or it may not exist).`,
  );
}

function secretField({ name, settings }: Secret, field: string): string | undefined {
  const [head, key = ''] = [field.split('.')[0], field.slice(field.indexOf('.') + 1)];
  if (head === 'name') return name;
  if (head === 'labels') return settings.labels?.[key];
  return head === 'annotations' ? settings.annotations?.[key] : undefined;
}

function versionField({ name, state }: SecretVersion, field: string): string | undefined {
  if (field === 'name') return name;
  return field === 'state' ? state : undefined;
}

function required<T>(field: string, value: T | null | undefined): T {
  if (value !== undefined && value !== null) return value;
  throw new StatusError('INVALID_ARGUMENT', `The request's ${field} is required.`);
}
