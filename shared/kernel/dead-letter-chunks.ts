import type { Contract } from '../contract/agent.ts';
import type { DeadLetter } from '../contract/dead-letter.ts';
import { milliseconds } from '../contract/duration.ts';
import { MeshError } from '../contract/errors.ts';
import type { Store, Write } from '../contract/store.ts';
import { stateDocumentPath } from './state.ts';

/**
 * The original of a dead letter is kept whole, however large: Pub/Sub takes messages of 10 MB, Firestore documents of 1 MiB
 * (https://firebase.google.com/docs/firestore/quotas). What does not fit beside the record is kept in documents below it.
 */
const MOST_INLINE_BYTES = 512 * 1024;
const CHUNK_BYTES = 900_000;

/** Where a part of the original is kept, given the path of its dead letter's document. */
export const chunkPath = (record: string, at: number) => `${record}/data/${at}`;
const bytesOf = ({ original }: DeadLetter) => Buffer.from(original.data, 'base64');

/** The letter as its handler keeps it: without data that goes into chunks. */
export function withoutChunks(letter: DeadLetter): DeadLetter {
  const size = Buffer.byteLength(letter.original.data, 'base64');
  if (size <= MOST_INLINE_BYTES) return letter;
  return { ...letter, original: { ...letter.original, data: '', chunks: Math.ceil(size / CHUNK_BYTES) } };
}

/** The documents that hold what `withoutChunks` took out. */
export function chunkWrites(letter: DeadLetter, contract: Contract, now: number): Write[] {
  const { chunks = 0 } = withoutChunks(letter).original;
  const record = stateDocumentPath(contract, letter.id);
  const keep = contract.state?.keep;
  const expiry = keep === undefined ? {} : { expireAt: new Date(now + milliseconds(keep)) };
  return Array.from({ length: chunks }, (_, at) => ({
    kind: 'put',
    path: chunkPath(record, at),
    fields: { bytes: bytesOf(letter).subarray(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES), ...expiry },
  }));
}

/**
 * The letter with its data, read from its chunks where it has any.
 *
 * @param record the path of the dead letter's document
 * @throws MeshError `NotFound` when a chunk is gone
 */
export async function withChunks(letter: DeadLetter, record: string, store: Store): Promise<DeadLetter> {
  const { chunks, ...original } = letter.original;
  if (chunks === undefined) return letter;
  const parts = await store.read(Array.from({ length: chunks }, (_, at) => chunkPath(record, at)));
  const bytes = parts.map((part) => {
    if (!(part?.fields.bytes instanceof Uint8Array))
      throw new MeshError('NotFound', `a part of the dead letter ${letter.id} is gone`);
    return part.fields.bytes;
  });
  return { ...letter, original: { ...original, data: Buffer.concat(bytes).toString('base64') } };
}
