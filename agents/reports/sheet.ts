import { digest } from '../../shared/index.ts';
import type { Entry, Sheet, SheetRef } from './contract.ts';

/**
 * The entries of a day, in documents that stay small however many there are.
 *
 * S1 An order's entries are in the shard that its id says, so that orders which end at once write to different documents.
 * S2 A full sheet is sealed: its entries move to a document of their own, which never changes. The open sheet lists what was sealed.
 * S3 A list that is full moves into the sheet that is being sealed, which the open sheet then names: lists are bounded too.
 */
const SHARDS = 16;
/** An entry takes 3 kB at most (50 lines), so a sheet 300 kB, well under the 1 MiB of a document. */
const ENTRIES = 100;
/** The lists of all shards together fit in one message. */
const LISTED = 40;

export const shards = Array.from({ length: SHARDS }, (_, shard) => shard);

export const shardOf = (orderId: string): number =>
  Number.parseInt(digest('shard', orderId).slice(0, 4), 32) % SHARDS;

export const openKey = (day: string, shard: number) => `day:${day}:${shard}`;
export const sealedKey = (day: string, { shard, id }: SheetRef) => `day:${day}:${shard}:${id}`;

const EMPTY: Sheet = { kind: 'sheet', entries: [], sealed: [] };

interface Sealing {
  readonly open: Sheet;
  /** The sheet that is sealed, if one is. */
  readonly sealed?: Sheet;
}

/** Adds an entry to the open sheet; one that this fills is sealed under `id`. */
export function append(open: Sheet = EMPTY, entry: Entry, id: string): Sealing {
  const filled = { ...open, entries: [...open.entries, entry] };
  return filled.entries.length < ENTRIES ? { open: filled } : seal(filled, id);
}

/** Moves the entries of the open sheet, which has some, to a sealed one under `id`. */
export function seal(open: Sheet, id: string): Sealing {
  const { entries, sealed, before } = open;
  const rest = before === undefined ? {} : { before };
  if (sealed.length < LISTED)
    return {
      open: { ...EMPTY, sealed: [...sealed, id], ...rest },
      sealed: { ...EMPTY, entries },
    };
  return {
    open: { ...EMPTY, sealed: [id], before: id },
    sealed: { ...EMPTY, entries, sealed, ...rest },
  };
}
