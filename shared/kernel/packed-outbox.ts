import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { FieldValue, Store, Write } from '../contract/store.ts';
import type { OutboxEntry } from './inbox.ts';

/** Bytes of JSON up to which an outbox is kept as text, to be read by people. */
const TEXT_BYTES = 200_000;
/** Bytes of a document that an outbox may take: the rest of 1 MiB is for what else is in it (a run's tail, in a drained document). */
const PART_BYTES = 700_000;

/** An outbox as the documents hold it: one value, since as fields each message would be index entries, of which a document may have 40,000. */
export interface PackedOutbox {
  /** For the document that it belongs to. */
  readonly value: FieldValue;
  /** To be committed with that document: the parts of an outbox that is too large for it. */
  readonly writes: readonly Write[];
}

/**
 * Packs an outbox for the document at `path`: one that sends to thousands has more bytes than a document may. The messages of a fan-out
 * are much alike, so compressing them leaves a tenth.
 */
export function packOutbox(outbox: readonly OutboxEntry[], path: string, expireAt: Date): PackedOutbox {
  const json = JSON.stringify(outbox);
  if (json.length <= TEXT_BYTES) return { value: json, writes: [] };
  const packed = deflateRawSync(json);
  if (packed.length <= PART_BYTES) return { value: packed, writes: [] };
  const parts = Math.ceil(packed.length / PART_BYTES);
  const writes = Array.from({ length: parts }, (_, part): Write => {
    const data = packed.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
    return { kind: 'put', path: partPath(path, part), fields: { data, expireAt } };
  });
  return { value: parts, writes };
}

/** An outbox that is in one document. */
export function wholeOutbox(value: FieldValue): readonly OutboxEntry[] {
  return parse(value instanceof Uint8Array ? inflateRawSync(value) : String(value));
}

/** @throws TypeError where a part is gone */
export async function unpackOutbox(
  value: FieldValue,
  path: string,
  store: Pick<Store, 'read'>,
): Promise<readonly OutboxEntry[]> {
  if (typeof value !== 'number') return wholeOutbox(value);
  const parts = await store.read(Array.from({ length: value }, (_, part) => partPath(path, part)));
  const data = parts.map((part) => {
    if (part?.fields.data instanceof Uint8Array) return part.fields.data;
    throw new TypeError(`a part of the outbox of ${path} is gone`);
  });
  return parse(inflateRawSync(Buffer.concat(data)));
}

const partPath = (path: string, part: number) => `${path}/outbox/${part}`;
const parse = (json: string | Buffer) => JSON.parse(json.toString()) as OutboxEntry[];
