import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Json } from '../../../shared/contract/json.ts';
import { stableValue } from '../../../shared/contract/stable-value.ts';

const stable = (schema: z.ZodType, raw: Json | undefined) =>
  stableValue(schema, raw, 'SchemaMismatch', 'the value');
const uuid = z.string().default(() => randomUUID());
const date = z.iso.datetime().transform((text) => new Date(text));
/** Another time each time it is asked for. */
let ticks = 0;
const at = '2026-01-02T03:04:05.000Z';

describe('a value that its schema parses to the same each time', () => {
  test.each<[string, z.ZodType, Json | undefined]>([
    ['a random default', z.object({ id: z.string(), token: uuid }), { id: 'a' }],
    [
      'a random default in a list',
      z.object({ lines: z.array(z.object({ id: uuid })) }),
      { lines: [{}, { id: 'b' }] },
    ],
    ['a random default beside a date', z.object({ at: date, token: uuid }), { at }],
    ['a default of a date', z.object({ at: z.coerce.date().default(() => new Date(++ticks)) }), {}],
    ['a random default of the whole', uuid, undefined],
    ['what is put in before parsing', z.preprocess((value) => value ?? randomUUID(), z.string()), null],
    ['what is put in for a fault', z.object({ n: z.number().catch(() => Math.random()) }), { n: 'x' }],
    ['a codec', z.codec(z.string(), z.date(), { decode: (text) => new Date(text), encode: String }), at],
    ['a transform', z.string().transform((text) => `${text}!`), 'a'],
    ['texts that are trimmed', z.object({ text: z.string().trim().default('x') }), { text: ' a ' }],
  ])('with %s', (_, schema, raw) => {
    const kept = stable(schema, raw);
    const first = schema.parse(kept);
    expect(JSON.parse(JSON.stringify(kept))).toEqual(kept);
    for (let times = 0; times < 5; times++) expect(schema.parse(kept)).toEqual(first);
  });

  test.each<[string, z.ZodType, Json]>([
    [
      'plain schemas',
      z.object({ a: z.string(), b: z.array(z.union([z.number(), z.null()])).optional() }),
      { a: 'x', c: 1 },
    ],
    ['any JSON', z.json(), { a: [1, { b: null }] }],
    ['dates', z.object({ at: date }), { at }],
  ])('is the very value for %s', (_, schema, raw) => {
    expect(stable(schema, raw)).toEqual(raw);
  });

  test('keeps the fields that the schema does not know', () => {
    expect(stable(z.object({ n: z.number().default(1) }), { other: 2 })).toEqual({ other: 2, n: 1 });
  });
});

test.each<[string, z.ZodType, Json, string]>([
  [
    'a random transform',
    z.object({ id: z.string().transform((id) => ({ id, token: randomUUID() })) }),
    { id: 'a' },
    'id',
  ],
  [
    'an instance of a class with a random part',
    z.object({ a: z.string().transform(() => new Map([[randomUUID(), 1]])) }),
    { a: 'x' },
    'a',
  ],
])('refuses %s, naming the field', (_, schema, raw, field) => {
  expect(() => stable(schema, raw)).toThrow(
    expect.objectContaining({
      code: 'SchemaMismatch',
      field: expect.stringContaining(field),
      hint: expect.stringContaining('wf.uuid()'),
    }),
  );
});
