import { MeshError } from '../contract/errors.ts';
import type { Write } from '../contract/store.ts';
import { reasonOf, STATUS, statusOf } from './status.ts';

/** Production, Google's emulator and the protocol's own limit each say it in their own words. */
const TOO_LARGE =
  /maximum (allowed |entity )?size|longer than [\d,]+ bytes|payload size exceeds|size .*exceeds|larger than max/i;
/** A name that is too long is no document that is. */
const LONG_NAME = /(property\.name|path element name|document name) is longer/i;
/** Also code 5, but not a missing document. */
const NO_DATABASE = /database .*(does not exist|not found)/i;

/** What a failed commit means to whoever made it. */
export function commitError(error: unknown, writes: readonly Write[]): MeshError {
  const status = statusOf(error);
  const reason = reasonOf(error);
  const details = { cause: error };
  const conditional = writes.some(
    (write) => write.kind === 'patch' || (write.kind !== 'create' && write.ifVersion !== undefined),
  );
  if (status === STATUS.ALREADY_EXISTS) {
    return new MeshError('AlreadyExists', `a document to be created exists: ${reason}`, details);
  }
  if (status === STATUS.FAILED_PRECONDITION) {
    return new MeshError('Conflict', `a document changed since it was read: ${reason}`, details);
  }
  if (status === STATUS.NOT_FOUND && conditional && !NO_DATABASE.test(reason)) {
    return new MeshError('Conflict', `a document that was read is gone: ${reason}`, details);
  }
  // Refused for contention, again and again: nothing was written, and what was read is likely to be old by now.
  if (status === STATUS.ABORTED && conditional) {
    return new MeshError('Conflict', `other writers were in the way: ${reason}`, details);
  }
  if (
    (status === STATUS.INVALID_ARGUMENT || status === STATUS.RESOURCE_EXHAUSTED) &&
    TOO_LARGE.test(reason) &&
    !LONG_NAME.test(reason)
  ) {
    return new MeshError('DocumentTooLarge', reason, details);
  }
  return storeError(`${writes.length} write${writes.length === 1 ? '' : 's'} could not be committed`, error);
}

/** Of any request: what is wrong with the request itself is so each time, everything else may pass. */
export function storeError(what: string, cause: unknown): MeshError {
  const refused = statusOf(cause) === STATUS.INVALID_ARGUMENT;
  const code = refused ? 'StoreRefused' : 'StoreUnavailable';
  return new MeshError(code, `${what}: ${reasonOf(cause)}`, { cause });
}
