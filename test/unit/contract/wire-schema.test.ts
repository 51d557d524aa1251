import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { wireProblems } from '../../../shared/contract/wire-schema.ts';

class Money {
  readonly cents = 1;
}

describe('a schema that no JSON can fill is found', () => {
  test.each<[string, z.ZodType, string]>([
    ['a Date', z.date(), ''],
    ['a bigint', z.bigint(), ''],
    ['a Map', z.map(z.string(), z.string()), ''],
    ['a Set', z.set(z.string()), ''],
    ['a symbol', z.symbol(), ''],
    ['NaN', z.nan(), ''],
    ['an instance of Money', z.instanceof(Money), ''],
    ['undefined', z.undefined(), ''],
    ['undefined', z.void(), ''],
    ['a Date', z.object({ order: z.object({ at: z.date() }) }), '.order.at'],
    ['a Date', z.object({ at: z.date().optional() }), '.at'],
    ['a Date', z.object({ at: z.date().nullable().default(null) }), '.at'],
    ['a Date', z.array(z.object({ at: z.date() })), '[].at'],
    ['a bigint', z.tuple([z.string(), z.bigint()]), '[1]'],
    ['a Set', z.record(z.string(), z.set(z.string())), '.*'],
    ['a Map', z.union([z.map(z.string(), z.string()), z.bigint()]), ''],
    ['a Date', z.intersection(z.object({ a: z.string() }), z.object({ b: z.date() })), '.b'],
    ['a Date', z.lazy(() => z.object({ at: z.date() })), '.at'],
    ['a Date', z.date().transform(String), ''],
  ])('%s in %o', (what, schema, at) => {
    expect(wireProblems(schema)).toEqual([
      { at, is: expect.stringContaining(`is ${what}, which JSON does not carry`) },
    ]);
  });
});

interface Tree {
  readonly children: readonly Tree[];
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ children: z.array(Tree) }));

test.each<[string, z.ZodType]>([
  ['a text that becomes a Date', z.iso.datetime().transform((text) => new Date(text))],
  ['whatever becomes a Date', z.coerce.date()],
  ['a text that becomes a bigint', z.string().transform(BigInt)],
  [
    'a codec of a text and a Date',
    z.codec(z.iso.datetime(), z.date(), { decode: (t) => new Date(t), encode: String }),
  ],
  ['what is made into a Date first', z.preprocess((value) => new Date(String(value)), z.date())],
  ['a union with one way to fill it', z.union([z.date(), z.string()])],
  ['a field that may be undefined', z.object({ a: z.undefined() })],
  ['a tree', Tree],
  ['a template of a text', z.custom<`${string}@${string}`>((value) => typeof value === 'string')],
  ['anything', z.any()],
])('%s is none', (_what, schema) => {
  expect(wireProblems(schema)).toEqual([]);
});

test('a contract is refused with every schema that no message can fill, named by its field', () => {
  const define = () =>
    defineAgent({
      name: 'calendar',
      commands: { book: { input: z.object({ at: z.date() }), output: z.bigint() } },
      publishes: { booked: z.object({ guests: z.set(z.string()) }) },
      subscribes: { 'orders.placed': { data: z.map(z.string(), z.string()) } },
      workflows: {
        plan: {
          input: z.object({ days: z.array(z.date()) }),
          signals: { approve: z.void() },
          updates: { move: { input: z.symbol() } },
          queries: { free: { output: z.nan() } },
        },
      },
      limits: { timeout: '-5s' },
    });
  expect(define).toThrow(expect.objectContaining({ code: 'ContractInvalid', field: 'limits.timeout' }));
  for (const field of [
    ...['limits.timeout', 'commands.book.input.at', 'commands.book.output', 'publishes.booked.guests'],
    ...['subscribes.orders.placed.data', 'workflows.plan.input.days[]', 'workflows.plan.signals.approve'],
    ...['workflows.plan.updates.move.input', 'workflows.plan.queries.free.output'],
  ])
    expect(define).toThrow(`${field} is `);
});
