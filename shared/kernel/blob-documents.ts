import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';
import { blobIdOf, type ClaimCheck, type PayloadBlob } from '../contract/claim-check.ts';
import { MeshError } from '../contract/errors.ts';
import { blobPartPath, blobPath } from '../contract/names.ts';
import type { StoredDocument, Write } from '../contract/store.ts';

/**
 * A payload as documents: `blobs/{sha256}` tells what it is, and holds it where it fits; else it is in parts below, which are written before
 * it. What is written under a path is always the same: parts are named after what they are parts of, so two writers whose compression
 * differs do not mix theirs.
 */

/** Bytes in a document, out of 1 MiB (https://firebase.google.com/docs/firestore/quotas#limits). */
const PART_BYTES = 900_000;
/** A payload of more bytes is packed and unpacked beside the other work of the process. */
const SYNC_BYTES = 512_000;
/** Packed, it is to be smaller by so much: else it is kept as it is. */
const WORTHWHILE = 0.9;

type Encoding = 'deflate' | 'identity';

interface Head {
  readonly bytes: number;
  readonly encoding: Encoding;
  readonly data?: Uint8Array;
  readonly packing?: string;
  readonly parts?: number;
}

/** The writes of a payload: the parts first, if any, and the document that tells of them. */
export async function blobWrites(
  { check, json }: PayloadBlob,
  expireAt: Date,
): Promise<{ readonly parts: readonly Write[]; readonly head: Write }> {
  const { bytes, contentType } = check;
  const id = blobIdOf(check);
  const packed = await pack(json);
  const encoding: Encoding = packed.length < json.length * WORTHWHILE ? 'deflate' : 'identity';
  const data = encoding === 'deflate' ? packed : json;
  const head = (held: Pick<Head, 'data'> | Pick<Head, 'packing' | 'parts'>): Write => ({
    kind: 'put',
    path: blobPath(id),
    fields: { bytes, contentType, encoding, ...held, expireAt },
  });
  if (data.length <= PART_BYTES) return { parts: [], head: head({ data }) };
  const packing = createHash('sha256').update(data).digest('hex').slice(0, 16);
  const parts = Array.from(
    { length: Math.ceil(data.length / PART_BYTES) },
    (_, part): Write => ({
      kind: 'put',
      path: blobPartPath(id, packing, part),
      fields: { data: data.subarray(part * PART_BYTES, (part + 1) * PART_BYTES), expireAt },
    }),
  );
  return { parts, head: head({ packing, parts: parts.length }) };
}

/** The paths of its parts, given the document that tells of them. */
export function partPaths(check: ClaimCheck, document: StoredDocument): string[] {
  const { packing, parts = 0 } = headOf(document);
  return Array.from({ length: parts }, (_, part) => blobPartPath(blobIdOf(check), packing ?? '', part));
}

/**
 * The payload, held against its claim check. However little is stored and however much comes of it, no more is made of it than the claim
 * check says.
 *
 * @throws MeshError `ClaimCheckLost` where a part is gone, `ClaimCheckDamaged`
 */
export async function blobJson(
  check: ClaimCheck,
  document: StoredDocument,
  parts: readonly (StoredDocument | undefined)[],
): Promise<Uint8Array> {
  const head = headOf(document);
  if (head.bytes !== check.bytes)
    throw damaged(check, `it has ${head.bytes} bytes, where the claim check says ${check.bytes}`);
  const data = head.data ?? Buffer.concat(parts.map((part) => bytesOf(part) ?? lost(check, 'a part of it')));
  const json = head.encoding === 'deflate' ? await unpack(data, check) : data;
  if (json.length !== check.bytes || createHash('sha256').update(json).digest('hex') !== check.sha256)
    throw damaged(check, 'it has another SHA-256');
  return json;
}

/** Says that the payload, or a part of it, is gone. */
export function lost({ sha256 }: ClaimCheck, what = 'the payload'): never {
  throw new MeshError('ClaimCheckLost', `${what} is not there: ${blobPath(sha256)}`, { field: 'data' });
}

function damaged({ sha256 }: ClaimCheck, why: string): MeshError {
  return new MeshError('ClaimCheckDamaged', `${blobPath(sha256)} is not the payload: ${why}`, {
    field: 'data',
  });
}

function headOf({ fields }: StoredDocument): Head {
  const { bytes, encoding, packing, parts } = fields;
  const data = fields.data instanceof Uint8Array ? fields.data : undefined;
  return {
    bytes: Number(bytes),
    encoding: encoding === 'deflate' ? 'deflate' : 'identity',
    ...(data && { data }),
    ...(typeof packing === 'string' && { packing }),
    ...(typeof parts === 'number' && { parts: Math.min(parts, MOST_PARTS) }),
  };
}

/** More than any payload that a contract allows takes. */
const MOST_PARTS = 100;

const bytesOf = (part: StoredDocument | undefined) =>
  part?.fields.data instanceof Uint8Array ? part.fields.data : undefined;

async function pack(json: Uint8Array): Promise<Uint8Array> {
  return json.length <= SYNC_BYTES ? deflateRawSync(json) : promisify(deflateRaw)(json);
}

async function unpack(data: Uint8Array, check: ClaimCheck): Promise<Uint8Array> {
  const bounds = { maxOutputLength: check.bytes };
  try {
    return check.bytes <= SYNC_BYTES
      ? inflateRawSync(data, bounds)
      : await promisify<Uint8Array, typeof bounds, Buffer>(inflateRaw)(data, bounds);
  } catch {
    throw damaged(check, 'it can not be unpacked to as many bytes as the claim check says');
  }
}
