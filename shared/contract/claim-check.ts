import { createHash } from 'node:crypto';
import * as z from 'zod';
import { MeshError } from './errors.ts';
import type { Json } from './json.ts';
import { currentTenant } from './tenant-scope.ts';

/**
 * A claim check: what is sent, and kept in a history, in place of a payload that is too large to inline. The payload itself is in
 * `blobs/{sha256}`, which is written before anything refers to it.
 *
 * It stands where a payload does as a whole, and nowhere within one: as the data of a command or an event, the output in a reply, the
 * payload of a signal. A payload that looks like one is itself sent by claim check, whatever its size, so that nobody's data is taken for one.
 */
export const ClaimCheck = z.strictObject({
  /** Of the payload as JSON in UTF-8, lower-case hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** How many bytes that JSON has. */
  bytes: z.number().int().positive(),
  contentType: z.literal('application/json'),
  /** Whose it is, where it is kept encrypted. */
  tenant: z.string().optional(),
});
export type ClaimCheck = z.infer<typeof ClaimCheck>;

/** A payload with the claim check that stands for it. */
export interface PayloadBlob {
  readonly check: ClaimCheck;
  /** JSON in UTF-8. */
  readonly json: Uint8Array;
  /** It may still be asked for at this time, in milliseconds since the epoch. Left out: now. */
  readonly until?: number;
}

/** How large a payload may be: inline, and by claim check (0: it may not). In bytes of JSON. */
export interface PayloadLimits {
  readonly inlineBytes: number;
  readonly claimCheckBytes: number;
}

/** The largest payload that any contract may allow, in bytes: it is held in memory whole, beside others, in an instance of 512 MB. */
export const MOST_CLAIM_CHECK_BYTES = 50_000_000;

const MARK = 'mesh.claimCheck';
const CONTENT_TYPE = 'application/json';

/** Whether a payload is a claim check, or looks like one. */
export function isClaimCheck(payload: Json | undefined): boolean {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return false;
  return Object.hasOwn(payload, MARK) && Object.keys(payload).length === 1;
}

/**
 * The claim check that a payload is; undefined where it is the payload itself.
 *
 * @param what whose payload it is, for the error
 * @throws MeshError `SchemaMismatch` for what looks like a claim check and is none
 */
export function claimCheckOf(payload: Json | undefined, what = 'the data'): ClaimCheck | undefined {
  if (!isClaimCheck(payload)) return undefined;
  const parsed = ClaimCheck.safeParse((payload as { readonly [MARK]: Json })[MARK]);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [MARK, ...(issue?.path ?? [])].map(String).join('.');
  throw new MeshError('SchemaMismatch', `${what}: ${field}: ${issue?.message ?? 'is no claim check'}`, {
    field,
    hint: 'A claim check has sha256 (64 hexadecimal digits), bytes and contentType (application/json).',
  });
}

/** Under which name the payload is kept: that of one tenant is not that of another. */
export const blobIdOf = ({ sha256, tenant }: ClaimCheck) =>
  tenant === undefined ? sha256 : `${sha256}@${tenant}`;

/** The claim check as it stands in place of its payload. */
export function inPlaceOf(check: ClaimCheck): Json {
  const { sha256, bytes, contentType, tenant } = check;
  return { [MARK]: { sha256, bytes, contentType, ...(tenant !== undefined && { tenant }) } };
}

/** Bytes of JSON of a payload, wherever it is kept. */
export function payloadBytes(payload: Json): number {
  return claimCheckOf(payload)?.bytes ?? Buffer.byteLength(JSON.stringify(payload));
}

/** A payload as a claim check. */
export function toBlob(payload: Json): PayloadBlob {
  const json = Buffer.from(JSON.stringify(payload));
  const sha256 = createHash('sha256').update(json).digest('hex');
  const tenant = currentTenant();
  const check = {
    sha256,
    bytes: json.byteLength,
    contentType: CONTENT_TYPE,
    ...(tenant && { tenant }),
  } as const;
  return { check, json };
}

/** What stands for a payload: itself, or a claim check and what is to be written before that is sent. */
export interface CheckedIn {
  readonly data: Json;
  readonly blob?: PayloadBlob;
}

/**
 * What stands for a payload within these limits.
 *
 * @param what whose payload it is, for the error
 * @throws MeshError `PayloadTooLarge`
 */
export function checkIn(payload: Json, limits: PayloadLimits, what: string): CheckedIn {
  const { inlineBytes, claimCheckBytes } = limits;
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes <= inlineBytes && !isClaimCheck(payload)) return { data: payload };
  if (bytes > Math.max(inlineBytes, claimCheckBytes)) throw tooLarge(bytes, limits, what);
  const blob = toBlob(payload);
  return { data: inPlaceOf(blob.check), blob };
}

/** Says that a payload of so many bytes is over both limits, and what they are. */
export function tooLarge(
  bytes: number,
  { inlineBytes, claimCheckBytes }: PayloadLimits,
  what: string,
): MeshError {
  const byClaim = claimCheckBytes > inlineBytes;
  const most = byClaim ? `${claimCheckBytes}, by claim check` : String(inlineBytes);
  return new MeshError('PayloadTooLarge', `${what} has ${bytes} bytes; the limit is ${most}`, {
    field: 'data',
  });
}
