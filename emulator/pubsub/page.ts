import { invalidArgument } from './invalid.ts';

export interface PageRequest {
  /** 0 or absent takes the largest. */
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

const LARGEST_PAGE = 1000;

/** One page of `items` in order of their names; the token is the last name of the page before. */
export function pageOf<T>(
  items: Iterable<T>,
  nameOf: (item: T) => string,
  { pageSize = 0, pageToken = '' }: PageRequest,
): Page<T> {
  if (pageSize < 0) throw invalidArgument('page_size', 'negative');
  const size = Math.min(pageSize || LARGEST_PAGE, LARGEST_PAGE);
  const rest = [...items]
    .filter((item) => nameOf(item) > pageToken)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const page = rest.slice(0, size);
  const last = page.at(-1);
  return { items: page, nextPageToken: last && rest.length > size ? nameOf(last) : '' };
}
