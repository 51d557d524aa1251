import { blobIdOf, type ClaimCheck } from '../contract/claim-check.ts';
import { MeshError } from '../contract/errors.ts';
import { blobPath } from '../contract/names.ts';
import type { Store, StoredDocument } from '../contract/store.ts';
import { blobJson, lost, partPaths } from './blob-documents.ts';
import { erasedDocument } from './sealing/sealed-store.ts';

/** Documents, each of up to 1 MiB, that are asked for at a time. */
export const READ_DOCUMENTS = 20;

/** A payload as JSON in UTF-8 with the time until which it is kept, or why it is not to be had. */
type FoundBlob = { readonly json: Uint8Array; readonly keptUntil: number } | MeshError;

/**
 * Reads payloads, in as few requests as they fit, and holds each against its claim check. One that is not to be had is an error in its
 * place: `ClaimCheckLost`, `ClaimCheckDamaged`.
 *
 * @throws MeshError `StoreUnavailable`
 */
export async function findBlobs(
  store: Pick<Store, 'read'>,
  checks: readonly ClaimCheck[],
): Promise<ReadonlyMap<string, FoundBlob>> {
  const found = new Map<string, FoundBlob>();
  const wanted = [...new Map(checks.map((check) => [check.sha256, check])).values()];
  for (const batch of chunked(wanted, READ_DOCUMENTS)) {
    const heads = await store.read(batch.map((check) => blobPath(blobIdOf(check))));
    for (const [at, check] of batch.entries()) found.set(check.sha256, await find(store, check, heads[at]));
  }
  return found;
}

async function find(
  store: Pick<Store, 'read'>,
  check: ClaimCheck,
  head: StoredDocument | undefined,
): Promise<FoundBlob> {
  try {
    if (!head) return lost(check);
    if (head.erased) throw erasedDocument(head);
    const parts: (StoredDocument | undefined)[] = [];
    // One that says another size than the claim check is refused without its parts being read.
    const paths = head.fields.bytes === check.bytes ? partPaths(check, head) : [];
    for (const batch of chunked(paths, READ_DOCUMENTS)) parts.push(...(await store.read(batch)));
    return { json: await blobJson(check, head, parts), keptUntil: expiryOf(head) };
  } catch (error) {
    if (error instanceof MeshError && !error.retry) return error;
    throw error;
  }
}

export function expiryOf({ fields: { expireAt } }: StoredDocument): number {
  return expireAt instanceof Date ? expireAt.getTime() : 0;
}

export function chunked<T>(list: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < list.length; at += size) chunks.push(list.slice(at, at + size));
  return chunks;
}
