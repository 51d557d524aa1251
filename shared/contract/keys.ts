import { hash } from 'node:crypto';
import type { Json } from './json.ts';

/**
 * Keys are digests: stable, evenly spread (Firestore wants no sequential ids,
 * https://firebase.google.com/docs/firestore/best-practices#document_ids) and free of characters that paths forbid.
 * 160 bits as 32 characters of lower-case base32hex.
 */
export function digest(...parts: readonly string[]): string {
  let text = '';
  // Each part is preceded by its length, so that ('ab','c') and ('a','bc') differ.
  for (const part of parts) text += `${Buffer.byteLength(part)}:${part}`;
  return base32hex(hash('sha256', text, 'buffer').subarray(0, 20));
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuv';

/** Of whole groups of 5 bytes. */
function base32hex(bytes: Uint8Array): string {
  // By index: an iterator costs several times as much, and every message has several keys.
  const byte = (at: number) => bytes[at] ?? 0;
  let text = '';
  for (let at = 0; at < bytes.length; at += 5) {
    const middle = byte(at + 2);
    // 40 bits are more than the operators on bits take: 20 and 20.
    text += fourOf((byte(at) << 12) | (byte(at + 1) << 4) | (middle >> 4));
    text += fourOf(((middle & 15) << 16) | (byte(at + 3) << 8) | byte(at + 4));
  }
  return text;
}

/** Four characters, of 20 bits. */
function fourOf(bits: number): string {
  return `${ALPHABET[bits >> 15]}${ALPHABET[(bits >> 10) & 31]}${ALPHABET[(bits >> 5) & 31]}${ALPHABET[bits & 31]}`;
}

/** K: what a message is known by wherever it is delivered (I2). */
export function messageKey(message: { readonly source: string; readonly id: string }): string {
  return digest('message', message.source, message.id);
}

/** What the handling of a message is known by to a provider: K, unless the sender says which messages are one effect. */
export function effectKey(message: {
  readonly source: string;
  readonly id: string;
  readonly idempotencyKey?: string;
}): string {
  const { source, idempotencyKey } = message;
  return idempotencyKey === undefined ? messageKey(message) : digest('effect', source, idempotencyKey);
}

/** The id of the message that the handling of K sends at `position`: sending it twice sends the same message. */
export function derivedId(key: string, position: number | string): string {
  return digest('send', key, String(position));
}

/** The id of a message that is known by a name instead, however often and by whatever it is sent. */
export function namedId(name: string): string {
  return derivedId('named', name);
}

/** The id of a run: from the workflow's own key where it has one (starting twice gives the same run), else from K. */
export function runIdOf(workflow: string, key: string): string {
  return digest('run', workflow, key);
}

/** Of the JSON that a message carries: the same in whatever order its fields are written. */
export function inputDigest(input: Json): string {
  return digest(
    'input',
    JSON.stringify(input, (_, value) => sorted(value)),
  );
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
