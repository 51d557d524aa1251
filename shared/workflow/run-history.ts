import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { historyPath } from '../contract/names.ts';
import type { Fields, Store, StoredDocument, Write } from '../contract/store.ts';
import type { Entry } from './entry.ts';
import type { RunRecord } from './run-record.ts';

/**
 * Where the history of a run is kept: its tail as JSON in the run's document, and what is older in pages beside it,
 * `workflows/{runId}/history/{n}`, which are written once and never changed (but for the time at which they may go).
 */

/**
 * Bytes of JSON that the tail may have. Each event writes the whole tail and reads it, so it is to be short; each page is a document
 * more to be read by an instance that has not got the run in memory, so there are to be few.
 */
const TAIL_BYTES = 64_000;
/** Bytes of JSON in a page. Compressed it is far below the 1 MiB that a document may have, and uncompressed too. */
const PAGE_BYTES = 512_000;
/** Bytes of a page's document: a single entry may be larger, such as the beginning of a gather, and then stands on several. */
const PIECE_BYTES = 900_000;

type Paged = Pick<RunRecord, 'history' | 'pages' | 'pagedBytes'>;

/** The history with more entries, and the pages to be written with it. */
export function append(
  { runId, pagesIn = runId, history, pages, pagedBytes }: RunRecord,
  appended: readonly Entry[],
): { readonly paged: Paged; readonly writes: readonly Write[] } {
  const text = appendText(history, appended);
  const bytes = Buffer.byteLength(text);
  if (bytes <= TAIL_BYTES) return { paged: { history: text, pages, pagedBytes }, writes: [] };
  const writes = split(text, bytes)
    .flatMap((page) => piecesOf(deflateRawSync(page)))
    // Not `create`: that the run's document is still the one that was read says that the page is not there.
    .map((fields, at): Write => ({ kind: 'put', path: historyPath(pagesIn, pages + at), fields }));
  return {
    paged: { history: '[]', pages: pages + writes.length, pagedBytes: pagedBytes + bytes },
    writes,
  };
}

/** The writes of a run's pages, which may go when its document may: those that are new, and those that are there. */
export function expiring(fresh: readonly Write[], run: RunRecord): readonly Write[] {
  const { expireAt } = run;
  if (!expireAt) return fresh;
  const older = pagePaths(run).slice(0, run.pages - fresh.length);
  return [
    ...fresh.map((write) =>
      'fields' in write ? { ...write, fields: { ...write.fields, expireAt } } : write,
    ),
    ...older.map((path): Write => ({ kind: 'patch', path, fields: { expireAt } })),
  ];
}

/** What a page takes of its commit. */
export function entryBytes(write: Write): number {
  const entries = 'fields' in write ? write.fields.entries : undefined;
  return entries instanceof Uint8Array ? entries.byteLength : 0;
}

/** The history of a run, from its first entry. Its pages, if any, are read in one request. */
export async function readHistory(store: Pick<Store, 'read'>, run: RunRecord): Promise<Entry[]> {
  // Who may not decrypt it is shown none; who needs it is told so (recorded-run.ts).
  if (run.closed || run.erased) return [];
  return entriesOf(run, run.pages === 0 ? [] : await store.read(pagePaths(run)));
}

/**
 * The history of a run, from its first entry, given the documents of `pagePaths`.
 *
 * @throws TypeError where a page is not among them
 */
export function entriesOf(run: RunRecord, pages: readonly (StoredDocument | undefined)[] = []): Entry[] {
  const pieces: Uint8Array[] = [];
  const older = pagePaths(run).flatMap((path, at) => {
    const { entries, goesOn } = pieceOf(pages[at], path);
    pieces.push(entries);
    return goesOn ? [] : (JSON.parse(inflateRawSync(Buffer.concat(pieces.splice(0))).toString()) as Entry[]);
  });
  return [...older, ...(JSON.parse(run.history) as Entry[])];
}

export function pagePaths({
  runId,
  pagesIn = runId,
  pages,
}: Pick<RunRecord, 'runId' | 'pagesIn' | 'pages'>): string[] {
  return Array.from({ length: pages }, (_, page) => historyPath(pagesIn, page));
}

interface Piece {
  readonly entries: Uint8Array;
  /** The next page goes on with it. */
  readonly goesOn: boolean;
}

function pieceOf(page: StoredDocument | undefined, path: string): Piece {
  const { entries, goesOn } = page?.fields ?? {};
  if (!(entries instanceof Uint8Array)) throw new TypeError(`${path} is no page of a history`);
  return { entries, goesOn: goesOn === true };
}

function piecesOf(packed: Uint8Array): Fields[] {
  const pieces: Fields[] = [];
  for (let from = 0; from < packed.byteLength; from += PIECE_BYTES) {
    const goesOn = from + PIECE_BYTES < packed.byteLength;
    pieces.push({ entries: packed.subarray(from, from + PIECE_BYTES), ...(goesOn && { goesOn }) });
  }
  return pieces;
}

/** The JSON of a history with more entries: what is there already is not written anew. */
function appendText(history: string, appended: readonly Entry[]): string {
  if (appended.length === 0) return history;
  const added = JSON.stringify(appended);
  return history === '[]' ? added : `${history.slice(0, -1)},${added.slice(1)}`;
}

/** One text, unless it is too long for a page: what a wide fan-out appends at once. */
function split(text: string, bytes: number): string[] {
  if (bytes <= PAGE_BYTES) return [text];
  const pages: string[] = [];
  let open: string[] = [];
  let size = 0;
  for (const entry of JSON.parse(text) as Entry[]) {
    const json = JSON.stringify(entry);
    const length = Buffer.byteLength(json);
    if (open.length > 0 && size + length > PAGE_BYTES) {
      pages.push(`[${open.join(',')}]`);
      open = [];
      size = 0;
    }
    open.push(json);
    size += length;
  }
  pages.push(`[${open.join(',')}]`);
  return pages;
}
