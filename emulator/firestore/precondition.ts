import { StatusError } from '../wire/status.ts';
import type { Document } from './document.ts';
import type { Micros } from './time.ts';

/** What must hold of a document for a write to it to happen. */
export type Precondition =
  | { readonly exists: boolean }
  /** The document must exist and have been last updated exactly then. */
  | { readonly updateTime: Micros };

/**
 * @throws StatusError NOT_FOUND (must exist, does not), ALREADY_EXISTS (must not exist, does),
 * FAILED_PRECONDITION (another update time, or no document to have one).
 */
export function checkPrecondition(
  precondition: Precondition | undefined,
  document: Document | undefined,
  name: string,
): void {
  if (!precondition) return;
  if ('updateTime' in precondition) {
    const stored = document?.updateTime ?? 0;
    if (stored !== precondition.updateTime)
      throw new StatusError(
        'FAILED_PRECONDITION',
        `the stored version (${stored}) does not match the required base version (${precondition.updateTime})`,
      );
  } else if (precondition.exists && !document) {
    throw new StatusError('NOT_FOUND', `No document to update: ${name}`);
  } else if (!precondition.exists && document) {
    throw new StatusError('ALREADY_EXISTS', `Document already exists: ${name}`);
  }
}
