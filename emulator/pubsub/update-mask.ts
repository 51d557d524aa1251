import type { StatusError } from '../wire/status.ts';
import { invalidArgument } from './invalid.ts';

/** For an update whose mask names nothing. */
export function emptyMask(request: string): StatusError {
  return invalidArgument('update_mask', `it must be set in the ${request}, with a non-empty paths list`);
}

/** For a path of a mask that no update can follow. */
export function unknownPath(path: string): StatusError {
  return invalidArgument(`update_mask.paths "${path}"`, 'the field is unknown or cannot be changed');
}
