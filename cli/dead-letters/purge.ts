import { hasCode } from '../../shared/contract/errors.ts';
import type { Store, Write } from '../../shared/contract/store.ts';
import { chunkPath } from '../../shared/kernel/index.ts';
import type { FoundDeadLetter } from './dead-letter-lookup.ts';

/** Deletes a dead letter, with the parts of its message that are kept beside it. False: it died once more meanwhile, and stays. */
export async function purgeDeadLetter(store: Store, { document, record }: FoundDeadLetter): Promise<boolean> {
  const { path, version } = document;
  const { chunks = 0 } = record.original;
  const writes: Write[] = [
    { kind: 'delete', path, ifVersion: version },
    ...Array.from({ length: chunks }, (_, at) => ({
      kind: 'delete' as const,
      path: chunkPath(path, at),
    })),
  ];
  try {
    await store.commit(writes);
    return true;
  } catch (error) {
    if (hasCode(error, 'Conflict')) return false;
    throw error;
  }
}
