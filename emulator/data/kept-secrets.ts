import type { SecretKeeper } from '../secrets/keeper.ts';
import type { Secret, SecretVersion } from '../secrets/secret.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import { DataDamaged } from './data-damaged.ts';
import type { Entry } from './journal.ts';
import type { Kept } from './kept.ts';

type Told = (...entries: Entry[]) => void;
type SecretRecord = Parameters<SecretVault['restore']>[0];

/** Secrets and their versions, payloads too: as plain as they are in memory, in a file that only its owner may read (I12). */
export class KeptSecrets implements Kept, SecretKeeper {
  readonly kind = 'secrets';
  #vault: SecretVault | undefined;
  #told: Told | undefined;

  keeps(vault: SecretVault): void {
    this.#vault = vault;
  }

  onEntry(told: Told | undefined): void {
    this.#told = told;
  }

  secret(secret: Secret): void {
    this.#told?.(secretEntry(secret));
  }

  secretDeleted(name: string): void {
    this.#told?.({ secretDeleted: name });
  }

  *entries(): Iterable<Entry> {
    for (const secret of this.#vault?.all() ?? []) yield secretEntry(secret);
  }

  replay({ secret, secretDeleted }: Entry): void {
    if (typeof secretDeleted === 'string') this.#vault?.restoreGone(secretDeleted);
    else if (typeof secret === 'object' && secret !== null) this.#vault?.restore(secretOf(secret));
    else throw new DataDamaged('an entry is none of Secret Manager');
  }
}

const secretEntry = ({ name, createMs, kind, settings, etag, versions }: Secret): Entry => ({
  secret: {
    ...{ name, createMs, kind, settings, etag },
    versions: versions.map(({ data, ...version }) => ({
      ...version,
      ...(data && { data: data.toString('base64') }),
    })),
  },
});

/** What is wrong is told without any value. */
function secretOf(json: object): SecretRecord {
  const record = json as Omit<SecretRecord, 'versions'> & { readonly versions?: unknown };
  if (typeof record.name !== 'string' || !Array.isArray(record.versions))
    throw new DataDamaged('an entry holds what is no secret');
  return { ...record, versions: record.versions.map(versionOf) };
}

function versionOf(json: unknown): SecretVersion {
  const { data, ...version } = { ...(json as Omit<SecretVersion, 'data'> & { readonly data?: unknown }) };
  if (typeof version.name !== 'string' || typeof version.number !== 'number')
    throw new DataDamaged('an entry holds what is no version of a secret');
  return { ...version, ...(typeof data === 'string' && { data: Buffer.from(data, 'base64') }) };
}
