import { type Duration, milliseconds } from '../contract/duration.ts';
import { MeshError } from '../contract/errors.ts';

/** When it is to be done: not before `at`, or in `after`. Left out: now. */
export interface Later {
  readonly at?: Date;
  readonly after?: Duration;
}

/** Firestore keeps no later time. */
const LATEST_MS = Date.UTC(9999, 0);

/** @throws MeshError `ArgumentInvalid` */
export function timeOf({ at, after }: Later, now: number): Date | undefined {
  if (at === undefined && after === undefined) return undefined;
  if (at !== undefined && after !== undefined)
    throw new MeshError('ArgumentInvalid', 'there are at and after: give one of them', { field: 'after' });
  const ms = at?.getTime() ?? now + milliseconds(after ?? '0s', 'after');
  if (ms <= LATEST_MS) return new Date(ms);
  throw new MeshError('ArgumentInvalid', 'at is no time up to the year 9999', { field: 'at' });
}
