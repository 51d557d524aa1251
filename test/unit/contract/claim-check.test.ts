import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  checkIn,
  claimCheckOf,
  inPlaceOf,
  isClaimCheck,
  payloadBytes,
  toBlob,
} from '../../../shared/contract/claim-check.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { Json } from '../../../shared/contract/json.ts';
import { SIGNAL } from '../../../shared/contract/message.ts';
import { takenLimits } from '../../../shared/contract/payload-limits.ts';

const LIMITS = { inlineBytes: 100, claimCheckBytes: 1_000 };
const ofSize = (bytes: number) => 'x'.repeat(bytes - 2);

describe('a payload', () => {
  it('stays as it is up to the inline limit, goes by claim check over it, and is refused over that', () => {
    expect(checkIn(ofSize(100), LIMITS, 'it')).toEqual({ data: ofSize(100) });
    const { data, blob } = checkIn(ofSize(101), LIMITS, 'it');
    expect(claimCheckOf(data)).toEqual(blob?.check);
    expect(blob?.check).toMatchObject({ bytes: 101, contentType: 'application/json' });
    expect(checkIn(ofSize(1_000), LIMITS, 'it').blob?.json).toHaveLength(1_000);
    expect(() => checkIn(ofSize(1_001), LIMITS, 'the order')).toThrow(
      'the order has 1001 bytes; the limit is 1000, by claim check',
    );
  });

  it('is refused over the inline limit where none goes by claim check', () => {
    const limits = { inlineBytes: 100, claimCheckBytes: 0 };
    expect(() => checkIn(ofSize(101), limits, 'it')).toThrow('it has 101 bytes; the limit is 100');
  });

  it('that looks like a claim check is itself sent by one, and comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, marked) => {
        const payload = JSON.parse(JSON.stringify(marked ? { 'mesh.claimCheck': value } : value)) as Json;
        const limits = { inlineBytes: 1_000_000, claimCheckBytes: 0 };
        const { data, blob } = checkIn(payload, limits, 'it');
        expect(isClaimCheck(data)).toBe(blob !== undefined);
        expect(blob ? JSON.parse(Buffer.from(blob.json).toString()) : data).toEqual(payload);
        expect(payloadBytes(data)).toBe(payloadBytes(blob ? inPlaceOf(blob.check) : payload));
      }),
    );
  });

  it('is the same claim check whoever makes it', () => {
    expect(toBlob({ a: [1, 'ü'] }).check).toEqual(toBlob({ a: [1, 'ü'] }).check);
    expect(toBlob({ a: 1 }).check.sha256).not.toBe(toBlob({ a: 2 }).check.sha256);
  });
});

describe('what looks like a claim check', () => {
  it.each([
    ['mesh.claimCheck.sha256', { sha256: 'DEADBEEF', bytes: 1, contentType: 'application/json' }],
    ['mesh.claimCheck.bytes', { sha256: 'a'.repeat(64), bytes: 0, contentType: 'application/json' }],
    ['mesh.claimCheck.contentType', { sha256: 'a'.repeat(64), bytes: 1, contentType: 'text/html' }],
    ['mesh.claimCheck', 'a'.repeat(64)],
  ])('and is none is refused, naming %s', (field, check) => {
    expect(() => claimCheckOf({ 'mesh.claimCheck': check })).toThrow(
      expect.objectContaining({ code: 'SchemaMismatch', field }),
    );
  });

  it.each([null, [], 'mesh.claimCheck', {}, { 'mesh.claimCheck': {}, more: 1 }])('is not %j', (payload) => {
    expect(isClaimCheck(payload as Json)).toBe(false);
    expect(claimCheckOf(payload as Json)).toBeUndefined();
  });
});

describe('a contract', () => {
  const agent = defineAgent({
    name: 'press',
    commands: {
      print: { input: z.string(), claimCheckBytes: 5_000_000 },
      note: { input: z.string() },
      tiny: { input: z.string(), claimCheckBytes: 0 },
    },
    workflows: { edition: { input: z.string(), claimCheckBytes: 7_000_000 } },
    limits: { claimCheckBytes: 2_000_000 },
  });

  it('says for each message, or for all, how large a payload may be', () => {
    const of = (type: string) => takenLimits(agent.contract, type).claimCheckBytes;
    expect(
      ['press.print', 'press.note', 'press.tiny', 'press.edition', SIGNAL, 'mesh.reply'].map(of),
    ).toEqual([5_000_000, 2_000_000, 0, 7_000_000, 7_000_000, 2_000_000]);
  });

  it('tells whoever sends by its references', () => {
    expect([agent.print, agent.note, agent.tiny].map(({ claimCheckBytes }) => claimCheckBytes)).toEqual([
      5_000_000,
      2_000_000,
      undefined,
    ]);
  });

  it.each([
    ['limits.claimCheckBytes', { limits: { claimCheckBytes: 50_000_001 } }],
    ['limits.claimCheckBytes', { limits: { claimCheckBytes: -1 } }],
    ['commands.print.claimCheckBytes', { commands: { print: { input: z.string(), claimCheckBytes: 1.5 } } }],
    [
      'workflows.edition.claimCheckBytes',
      { workflows: { edition: { input: z.string(), claimCheckBytes: 6e7 } } },
    ],
  ])('may not say %s', (field, rest) => {
    expect(() => defineAgent({ name: 'press', ...rest })).toThrow(
      expect.objectContaining({ code: 'ContractInvalid', field }),
    );
  });
});
