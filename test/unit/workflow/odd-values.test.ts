import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent, rejected } from '../../../shared/contract/index.ts';
import { fake, WorkflowTest } from '../../../shared/testing/index.ts';
import {
  branch,
  defineWorkflow,
  each,
  stage,
  undo,
  type WorkflowContext,
} from '../../../shared/workflow/index.ts';

/**
 * Whatever code hands over, at whatever door: it arrives as it was, or is refused to the code. A run comes to its end all the same, and one that fails
 * is undone.
 */
const Any = z.object({ v: z.any() });
const shop = defineAgent({
  name: 'shop',
  commands: {
    charge: { input: z.object({}) },
    refund: { input: z.any() },
    take: { input: Any, output: z.any() },
    map: { input: z.object({ items: z.array(z.any()) }), output: z.any() },
    reduce: { input: z.object({ results: z.array(z.any()) }), output: z.any() },
  },
  workflows: { child: { input: Any, output: z.any() } },
});
const desk = defineAgent({
  name: 'desk',
  calls: ['shop'],
  publishes: { told: Any },
  workflows: { sell: { input: z.any(), output: z.any() } },
});

type Wf = WorkflowContext<unknown>;
type Door = (wf: Wf, value: never) => unknown;

/** Each gives a value to the mesh, and returns it as it comes back, where it does. */
const VALUE_DOORS: Record<string, Door> = {
  'the input of a call': (wf, v) => wf.call(shop.take, { v }),
  'the input of a child': (wf, v) => wf.child(shop.child, { v }),
  'the input of a branch': async (wf, v) => (await wf.gather([branch(shop.take, { v })])).outputs[0],
  'the input of many branches': async (wf, v) => (await wf.gather(each(shop.take, [{ v }]))).outputs[0],
  'the items of a map-reduce': async (wf, v) =>
    (await wf.mapReduce({ items: [v], map: stage(shop.map), reduce: stage(shop.reduce) })).result,
  'the result of a side effect': (wf, v) => wf.sideEffect('odd', () => v),
  'the output of the run': (_, v) => v,
};
/** Each gives a value to the mesh that does not come back. */
const BLIND_DOORS: Record<string, Door> = {
  'the data of an event': (wf, v) => wf.publish(desk.told, { v }),
  'a status': (wf, v) => wf.setStatus(v),
  'the input of a compensation': async (wf, v) => {
    await wf.call(shop.charge, {}, { compensate: undo(shop.refund, () => v) });
    throw new Error('undo it');
  },
  'the name of a signal': (wf, v) => wf.signal(v, { schema: z.any(), timeout: '1s' }),
  'the name of a side effect': (wf, v) => wf.sideEffect(v, () => 1),
  'the name of a patch': (wf, v) => wf.patched(v),
  'a duration': (wf, v) => wf.sleep(v),
  'a date': (wf, v) => wf.until(v),
  'a timeout': (wf, v) => wf.call(shop.take, { v: 1 }, { timeout: v }),
  'a retry': (wf, v) => wf.call(shop.take, { v: 1 }, { retry: { maxAttempts: v, minBackoff: v, on: [v] } }),
  'what a gather waits for': (wf, v) =>
    wf.gather([branch(shop.take, { v: 1 })], { quorum: v, deadline: v, lateReplies: v, concurrency: v }),
  'what is thrown': (_, v) => {
    throw v;
  },
  'the message of an error': (_, v) => {
    throw Object.assign(new Error('x'), { message: v });
  },
  'a refusal': (_, v) => {
    throw rejected(v, v, { field: v });
  },
  'an entry of the log': (wf, v) => wf.log.info(v, { v }),
};
const DOORS = { ...VALUE_DOORS, ...BLIND_DOORS };

function sell(door: Door, value: unknown): WorkflowTest {
  const workflow = defineWorkflow({
    name: 'sell',
    version: 1,
    input: z.any(),
    output: z.any(),
    status: z.any(),
    async run(wf) {
      await wf.call(shop.charge, {}, { compensate: undo(shop.refund, () => ({})) });
      return await door(wf as Wf, value as never);
    },
  });
  const fakes = [
    fake(shop.charge, () => undefined),
    fake(shop.refund, () => undefined),
    fake(shop.take, ({ v }) => v),
    fake(shop.child, ({ v }) => v),
    fake(shop.map, ({ items }) => items[0]),
    fake(shop.reduce, ({ results }) => results[0]),
  ];
  return new WorkflowTest({ agent: desk, workflows: [workflow], fakes });
}

class Money {
  readonly amount = 1;
}
const circle: { self?: unknown } = {};
circle.self = circle;
const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = { d: value };
  return value;
};
const odd = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(
      ...['\ud83d', 'Hello \ude00', '__x__', '', 'x'.repeat(5_000), 'x'.repeat(200_000)],
      ...[5n, Number.NaN, -0, Infinity, -1, 1.5, 1e300, undefined, null, true, Symbol('s')],
      ...['5s', '-5s', '1e3ms', '0.5s', '365000d', '200000000d', `${'9'.repeat(400)}d`],
      ...[new Date(0), new Date(Number.NaN), new Date('+012000-01-01T00:00:00Z'), new Date(-8.64e15)],
      ...[new Map([['a', 1]]), new Set([1]), new Money(), new Error('x'), Buffer.from('a'), circle, () => 1],
      ...[nested(19), nested(20), nested(30), nested(189), nested(190), nested(250), nested(5_000)],
      ...[JSON.parse('{"__proto__":1,"a":[[1]]}'), [undefined], { a: undefined }, Object.create(null)],
      ...[{ '\ud83d': 1 }, { ['n'.repeat(1_600)]: 1 }, { toJSON: () => circle }, [[[]]], new Proxy({}, {})],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.anything({
      ...{ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true },
      ...{ withSparseArray: true, withNullPrototype: true, withBoxedValues: true, maxDepth: 4 },
      stringUnit: 'binary',
    }),
  },
);

/** As the value is to arrive: a date is its text, -0 is 0, and a field that is undefined is not there. */
const carried = (value: unknown) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

describe('whatever a workflow hands over', () => {
  test.each(Object.keys(DOORS))('as %s, the run comes to its end', async (name) => {
    const door = DOORS[name];
    if (!door) throw new TypeError(name);
    await fc.assert(
      fc.asyncProperty(odd, async (value) => {
        const mesh = sell(door, value);
        await mesh.start(desk.sell, {});
        await mesh.advance('365000d');
        const { status, output, failure } = mesh.run;
        const refunds = mesh.commands.filter(({ type }) => type === 'shop.refund');
        expect(['completed', 'failed', 'compensation_failed']).toContain(status);
        if (status !== 'completed') {
          expect(refunds.length).toBeGreaterThan(0);
          expect(failure?.message.isWellFormed()).toBe(true);
        } else {
          expect(refunds).toEqual([]);
          if (name in VALUE_DOORS) expect(output).toEqual(carried(value));
        }
        if (status !== 'compensation_failed') expect(mesh.deadLetters).toEqual([]);
        expect(mesh.replies).toHaveLength(1);
      }),
      { numRuns: 120 },
    );
  });

  test('as the input of the run that it continues as', async () => {
    await fc.assert(
      fc.asyncProperty(odd, async (value) => {
        let rounds = 0;
        const mesh = sell((wf) => (rounds++ === 0 ? wf.continueAsNew({ v: value }) : 'again'), value);
        await mesh.start(desk.sell, {});
        expect(['completed', 'failed']).toContain(mesh.run.status);
        expect(mesh.deadLetters).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
