import { StatusError } from './status.ts';

/** What a list request asks for (https://google.aip.dev/158). */
export interface PageRequest {
  readonly pageSize?: number;
  readonly pageToken?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/**
 * One page of `items`, in order of their names. The token is the name of the last item seen, so a page neither repeats nor
 * skips what was there all along, whatever was added or removed in between.
 */
export function pageOf<T>(
  items: Iterable<T>,
  nameOf: (item: T) => string,
  { pageSize = 0, pageToken = '' }: PageRequest,
  largest: number,
): Page<T> {
  if (pageSize < 0) throw new StatusError('INVALID_ARGUMENT', 'page_size must not be negative');
  const size = Math.min(pageSize || largest, largest);
  const after = Buffer.from(pageToken, 'base64url').toString();
  if (Buffer.from(after).toString('base64url') !== pageToken) {
    throw new StatusError('INVALID_ARGUMENT', 'page_token is not one that was given for a page before');
  }
  const rest = [...items].filter((item) => nameOf(item) > after).sort(byName(nameOf));
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const more = rest.length > size && last !== undefined;
  return { items: page, nextPageToken: more ? Buffer.from(nameOf(last)).toString('base64url') : '' };
}

function byName<T>(nameOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (nameOf(a) < nameOf(b) ? -1 : 1);
}
