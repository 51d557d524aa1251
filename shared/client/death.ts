import { MeshError } from '../contract/errors.ts';
import { Failure, toError } from '../contract/failure.ts';
import { deadLetterPath } from '../contract/names.ts';
import type { Store, StoredDocument } from '../contract/store.ts';
import { deadLetterId } from '../kernel/index.ts';

/** Redrives of one message that are followed. */
const MOST_REDRIVES = 100;

/** The path of the dead letter that a message becomes where its agent gives up on it. `key`: that of the message. */
export const deathPath = (agent: string, key: string) => deadLetterPath(deadLetterId(agent, key, '0'));

/**
 * The error that an undeliverable message died of. Undefined: it is not dead, or was redriven since and has not died again.
 *
 * @param first the document at `deathPath`
 */
export async function deathIn(
  store: Pick<Store, 'read'>,
  { agent, key }: { readonly agent: string; readonly key: string },
  first: StoredDocument | undefined,
): Promise<MeshError | undefined> {
  let letter = first;
  for (
    let redrives = 0;
    letter && letter.fields.status === 'redriven' && redrives < MOST_REDRIVES;
    redrives++
  )
    [letter] = await store.read([deadLetterPath(deadLetterId(agent, key, String(letter.fields.redrives)))]);
  return letter && errorOf(letter);
}

function errorOf({ fields, path }: StoredDocument): MeshError {
  // A recorder of your own may keep what it likes.
  const known = Failure.safeParse(fields);
  const error = toError(
    known.success ? known.data : { code: 'DeliveriesExhausted', message: 'the agent gave up on the message' },
  );
  const id = path.slice(path.lastIndexOf('/') + 1);
  return new MeshError(error.code, error.message, {
    ...(error.field !== undefined && { field: error.field }),
    ...(error.reason !== undefined && { reason: error.reason }),
    ...(error.details !== undefined && { details: error.details }),
    hint: `Its dead letter is ${id}: mesh dead-letters show ${id}`,
  });
}
