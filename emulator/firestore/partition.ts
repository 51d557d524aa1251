import { StatusError } from '../wire/status.ts';
import type { Document } from './document.ts';
import { compareNames } from './path.ts';

/**
 * Paths that cut the results of a query into parts of about the same size: at most `count` of them, fewer where there
 * are fewer documents. @throws StatusError INVALID_ARGUMENT when `count` is not positive
 */
export function partition(documents: readonly Document[], count: number): string[] {
  if (!(count > 0)) throw new StatusError('INVALID_ARGUMENT', 'partition_count must be positive.');
  const paths = documents.map(({ path }) => path).sort(compareNames);
  const cuts = new Set<string>();
  for (let cut = 1; cut <= count; cut++) {
    const path = paths[Math.floor((cut * paths.length) / (count + 1))];
    if (path !== undefined && path !== paths[0]) cuts.add(path);
  }
  return [...cuts];
}
