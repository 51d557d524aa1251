import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { compose } from '../../../cli/messages/compose.ts';
import { readJson } from '../../../cli/messages/input.ts';
import { defineAgent, runIdOf } from '../../../shared/contract/index.ts';
import { capture } from './capture.ts';

const { contract } = defineAgent({
  name: 'shop',
  commands: { restock: { input: z.object({ sku: z.string(), count: z.int() }) } },
  workflows: { 'sell-it': { input: z.object({ saleId: z.string() }), key: 'saleId' } },
  publishes: { sold: z.object({ saleId: z.string() }) },
});
const now = new Date('2026-01-01T00:00:00Z');
const base = { contract, prefix: 'dev', now, id: 'm-1' };

describe('composing a message', () => {
  test('a command goes to its agent, with or without the name of the agent before its own', () => {
    for (const type of ['restock', 'shop.restock']) {
      const { topic, wire, runId } = compose({ ...base, type, data: { sku: 'a', count: 1 } });
      expect({ topic, runId }).toEqual({ topic: 'dev-shop', runId: undefined });
      expect(wire.attributes).toMatchObject({
        'ce-id': 'm-1',
        'ce-type': 'shop.restock',
        'ce-source': '/mesh-cli',
      });
      expect(Buffer.from(wire.data).toString()).toBe('{"sku":"a","count":1}');
    }
  });

  test('the start of a workflow tells the run that its key will give', () => {
    const { runId } = compose({ ...base, type: 'sell-it', data: { saleId: 's-1' } });
    expect(runId).toBe(runIdOf('sell-it', 's-1'));
  });

  test('an event goes to the topic of events', () => {
    expect(compose({ ...base, type: 'sold', data: { saleId: 's' } }).topic).toBe('dev-events');
  });

  test('attributes are added', () => {
    const { wire } = compose({ ...base, type: 'sold', data: { saleId: 's' }, attributes: { tenant: 't' } });
    expect(wire.attributes.tenant).toBe('t');
  });

  test('a field that does not fit is named; an unknown message comes with the known ones', () => {
    expect(() => compose({ ...base, type: 'restock', data: { sku: 'a', count: 'x' } })).toThrow(
      expect.objectContaining({ code: 'SchemaMismatch', field: 'count' }),
    );
    expect(() => compose({ ...base, type: 'toString', data: null })).toThrow(
      expect.objectContaining({
        code: 'UnknownMessage',
        hint: expect.stringContaining('sell-it, restock, sold'),
      }),
    );
  });

  test('unchecked, anything is composed', () => {
    const { wire } = compose({ ...base, type: 'bogus', data: [1], unchecked: true });
    expect(wire.attributes['ce-type']).toBe('shop.bogus');
  });
});

describe('reading JSON', () => {
  test('from the argument, from a file, from the standard input', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mesh-test-'));
    try {
      writeFileSync(join(folder, 'data.json'), '{"a":1}');
      expect(await readJson('{"a":1}', capture().io)).toEqual({ a: 1 });
      expect(await readJson(`@${join(folder, 'data.json')}`, capture().io)).toEqual({ a: 1 });
      expect(await readJson('-', capture({ stdin: '{"a":1}' }).io)).toEqual({ a: 1 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test.each([
    ['{oops', 'NotJson'],
    ['@/no/such/file', 'NotFound'],
    [undefined, 'UsageInvalid'],
  ])('%s is %s', async (argument, code) => {
    await expect(readJson(argument, capture().io)).rejects.toMatchObject({ code });
  });
});
