import { StatusError } from '../wire/status.ts';
import type { Document } from './document.ts';
import { compareIds, idOf, join } from './path.ts';
import type { Storage } from './storage.ts';
import type { Micros } from './time.ts';
import { compareUtf8 } from './utf8.ts';

export interface ListOptions {
  /** A document's path, or empty for the root. */
  readonly parent: string;
  readonly collectionId: string;
  readonly pageSize?: number | undefined;
  /** Of the page before; empty or absent begins anew. */
  readonly pageToken?: string | undefined;
  /** List ids without a document, too, where there are collections under them. */
  readonly showMissing?: boolean | undefined;
}

export interface ListPage {
  /** `document` is undefined for a missing one. */
  readonly entries: readonly { readonly path: string; readonly document: Document | undefined }[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

export interface CollectionIdPage {
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

const DEFAULT_PAGE = 300;

/** A page of one collection, by name, now or at a time. Costs what the page costs, not what the collection does. */
export function listDocuments(storage: Storage, options: ListOptions, readTime?: Micros): ListPage {
  const { showMissing = false } = options;
  if ((options.pageSize ?? 0) < 0)
    throw new StatusError('INVALID_ARGUMENT', 'page_size must not be negative.');
  const pageSize = options.pageSize || DEFAULT_PAGE;
  const path = join(options.parent, options.collectionId);
  const collection = storage.collection(path);
  if (!collection) return { entries: [], nextPageToken: '' };
  const entries: { path: string; document: Document | undefined }[] = [];
  const after = options.pageToken || undefined;
  const ids = readTime === undefined ? collection.ids(after) : idsAt(storage, path, readTime, after);
  let last = '';
  for (const id of ids) {
    const found = join(path, id);
    const document = readTime === undefined ? collection.get(found) : collection.getAt(found, readTime);
    if (!document && !showMissing) continue;
    if (entries.length === pageSize) return { entries, nextPageToken: last };
    entries.push({ path: found, document });
    last = id;
  }
  return { entries, nextPageToken: '' };
}

function* idsAt(storage: Storage, path: string, time: Micros, after: string | undefined): Generator<string> {
  const collection = storage.collection(path);
  if (!collection) return;
  const ids = new Set(collection.ids(after));
  for (const changed of collection.changedSince(time)) {
    const id = idOf(changed);
    if (after === undefined || compareIds(id, after) > 0) ids.add(id);
  }
  yield* [...ids].sort(compareIds);
}

/** A page of the collection ids under a document, in order. */
export function listCollectionIds(
  storage: Storage,
  parent: string,
  page: CollectionIdPage,
): { ids: string[]; nextPageToken: string } {
  if ((page.pageSize ?? 0) < 0) throw new StatusError('INVALID_ARGUMENT', 'page_size must not be negative.');
  const pageSize = page.pageSize || DEFAULT_PAGE;
  const after = page.pageToken || undefined;
  const ids = [...storage.collectionIds(parent)]
    .sort(compareUtf8)
    .filter((id) => after === undefined || compareUtf8(id, after) > 0);
  const shown = ids.slice(0, pageSize);
  return { ids: shown, nextPageToken: ids.length > pageSize ? (shown.at(-1) ?? '') : '' };
}
