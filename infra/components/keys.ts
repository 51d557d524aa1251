import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import type { Keys as PlannedKeys } from '../../shared/topology.ts';
import type { Site } from '../site.ts';
import type { AgentFunction } from './agent-function.ts';

export interface KeysArgs {
  readonly site: Site;
  readonly keys: PlannedKeys;
  readonly functions: readonly AgentFunction[];
}

/** The key that wraps those of all tenants. */
const SHARED_KEY = 'mesh';

/**
 * The key ring of Cloud KMS whose keys wrap those that payloads are encrypted with, and who may use them. Where each tenant has a key, that is
 * made when the tenant is, and not here. A ring and its keys can't be deleted: a stack that is destroyed leaves them.
 */
export class Keys extends pulumi.ComponentResource {
  constructor(name: string, { site, keys, functions }: KeysArgs, opts: pulumi.ComponentResourceOptions) {
    super('mesh:infra:Keys', name, {}, opts);
    const { config, topology, ready } = site;
    const { protect } = config;
    const ring = new gcp.kms.KeyRing(
      'keys',
      { name: config.prefix, location: config.region },
      { parent: this, protect, dependsOn: ready('cloudkms') },
    );
    const shared = new gcp.kms.CryptoKey(
      SHARED_KEY,
      {
        name: SHARED_KEY,
        keyRing: ring.id,
        purpose: 'ENCRYPT_DECRYPT',
        // What an older version encrypted, that version still decrypts.
        rotationPeriod: `${config.encryption.rotationDays * 86_400}s`,
        destroyScheduledDuration: '2592000s',
      },
      { parent: this, protect },
    );
    const role = 'roles/cloudkms.cryptoKeyEncrypterDecrypter';
    for (const { agent, account } of functions) {
      if (!topology.grants.some((grant) => grant.agent === agent && grant.may === 'use-keys')) continue;
      const { member } = account;
      const id = `${agent}-keys`;
      // A tenant's key is not there yet when its agent is deployed.
      if (keys.per === 'tenant')
        new gcp.kms.KeyRingIAMMember(id, { keyRingId: ring.id, role, member }, { parent: this });
      else new gcp.kms.CryptoKeyIAMMember(id, { cryptoKeyId: shared.id, role, member }, { parent: this });
    }
    this.registerOutputs();
  }
}
