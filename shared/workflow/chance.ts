import { createHash } from 'node:crypto';

/** The nth random number of a run: 53 bits, as `Math.random` gives. */
export function randomOf(seed: string, n: number): number {
  const bits = createHash('sha256').update(`${seed}:random:${n}`).digest().readBigUInt64BE() >> 11n;
  return Number(bits) / 2 ** 53;
}

/** The nth UUID of a run, in the form of version 4 (RFC 9562, section 5.4). */
export function uuidOf(seed: string, n: number): string {
  const bytes = createHash('sha256').update(`${seed}:${n}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
