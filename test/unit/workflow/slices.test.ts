import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { rejected } from '../../../shared/contract/errors.ts';
import type { HandlerContext, HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow, undo, workflowRoutes } from '../../../shared/workflow/index.ts';
import { decodeRun } from '../../../shared/workflow/run-record.ts';
import { World, type WorldOptions } from '../../support/world.ts';

const Export = z.object({ id: z.string(), rows: z.int().default(5) });
const Id = Export.pick({ id: true });
const count = { schema: z.object({ rows: z.int() }) };
const archive = defineAgent({
  name: 'archive',
  commands: {
    export: { input: Export, output: z.object({ rows: z.int() }), mode: 'effect' },
    tally: { input: Export, output: z.object({ rows: z.int() }), entity: { key: 'id' } },
    remove: { input: Id },
  },
  state: count,
});
const reports = defineAgent({
  name: 'reports',
  calls: ['archive'],
  workflows: { report: { input: Export, output: z.object({ rows: z.int() }), key: 'id' } },
});

/** Both commands, one after the other, by slices of one row each. */
function mesh(
  options: Partial<WorldOptions> = {},
  each: (row: number, ctx: HandlerContext<unknown>) => void = () => {},
) {
  const written: [row: number, key: string][] = [];
  const handlers = {
    export: async ({ rows }, ctx) => {
      const row = z.int().default(0).parse(ctx.cursor);
      each(row, ctx as HandlerContext<unknown>);
      written.push([row, ctx.idempotencyKey]);
      if (row + 1 < rows) ctx.proceed(row + 1);
      return { rows };
    },
    tally: async ({ id, rows }, ctx) => {
      const row = z.int().default(0).parse(ctx.cursor);
      const { rows: so } = ctx.state.get(id) ?? { rows: 0 };
      ctx.state.set(id, { rows: so + 1 });
      if (row + 1 < rows) ctx.proceed(row + 1);
      return { rows: so + 1 };
    },
    remove: () => {
      written.length = 0;
    },
  } satisfies HandlersOf<typeof archive>;
  const report = defineWorkflow({
    name: 'report',
    version: 1,
    input: Export,
    output: z.object({ rows: z.int() }),
    async run(wf, { id, rows }) {
      await wf.call(archive.export, { id, rows }, { compensate: undo(archive.remove, () => ({ id })) });
      return wf.call(archive.tally, { id, rows });
    },
  });
  const world = new World({
    ...options,
    agents: [
      {
        contract: reports.contract,
        routes: ({ clock, ids }) =>
          workflowRoutes({ contract: reports.contract, definitions: [report], clock, ids }),
      },
      {
        contract: archive.contract,
        routes: ({ clock, secrets }) =>
          handlerRoutes({ contract: archive.contract, handlers, clock, secrets, env: {} }),
      },
    ],
  });
  const run = async () => {
    const [document] = await world.store.query({ collection: 'workflows' });
    return document && decodeRun(document);
  };
  return { world, written, run };
}

describe('work that is split over messages', () => {
  /** The answers one after the other, for as long as there are some. */
  const answers = (pattern: string) => {
    const left = [...pattern];
    return () => left.shift() === 'y';
  };

  test.each<[string, Partial<WorldOptions>]>([
    ['once', {}],
    ['twice at once, each message', { duplicate: answers('yn'.repeat(200)) }],
    ['twice, some later', { duplicate: answers('yyn'.repeat(40)) }],
    ['several at once', { parallel: () => 3, duplicate: answers('ynyy'.repeat(40)) }],
  ])('has each effect once and one reply, delivered %s', async (_, options) => {
    const { world, written, run } = mesh(options);
    world.command('reports', 'report', { id: 'r1', rows: 5 });
    await world.settle();
    expect(await run()).toMatchObject({ status: 'completed', output: { rows: 5 } });
    expect([...new Set(written.map(([row]) => row))]).toEqual([0, 1, 2, 3, 4]);
    // One key for each slice, whichever delivery does it.
    expect(new Set(written.map(([row, key]) => `${row} ${key}`)).size).toBe(5);
    expect(new Set(written.map(([, key]) => key)).size).toBe(5);
    const [state] = await world.store.query({ collection: 'agents/archive/state' });
    expect(state?.fields).toMatchObject({ rows: 5 });
  });

  test('gives the schema of its input what came, again: defaults are made once', async () => {
    const { world, run } = mesh();
    world.command('reports', 'report', { id: 'r1' });
    await world.settle();
    expect(await run()).toMatchObject({ status: 'completed', output: { rows: 5 } });
  });

  test('tells its caller when a later slice is refused, which is then undone', async () => {
    const { world, written, run } = mesh({}, (row) => {
      if (row === 3) throw rejected('full', 'the disk is full');
    });
    world.command('reports', 'report', { id: 'r1', rows: 5 });
    await world.settle();
    expect(await run()).toMatchObject({ status: 'failed', failure: { code: 'Rejected', reason: 'full' } });
    expect(written.map(([row]) => row)).toEqual([0, 1, 2]);
  });

  test('begins a slice again that failed, not the work', async () => {
    const rows: number[] = [];
    const { world, run } = mesh({}, (row) => {
      rows.push(row);
      if (row === 2 && rows.filter((each) => each === 2).length === 1) throw new Error('the line broke');
    });
    world.command('reports', 'report', { id: 'r1', rows: 4 });
    await world.settle();
    expect(await run()).toMatchObject({ status: 'completed' });
    expect(rows).toEqual([0, 1, 2, 2, 3]);
  });

  test.each([
    ['a cursor over 1,024 bytes', { cursor: 'x'.repeat(1_024) }, {}, 'PayloadTooLarge'],
    ['a cursor that is no JSON', { cursor: 1n }, {}, 'ArgumentInvalid'],
    ['work that a program waits for', { cursor: 1 }, { keepreply: 'true' }, 'ContractInvalid'],
  ])('%s is refused', async (_, { cursor }, attributes, code) => {
    const { world } = mesh({}, (_row, ctx) => ctx.proceed(cursor));
    world.command('archive', 'export', { id: 'r1' }, attributes);
    await world.settle();
    const dead = world.outcomes.filter(({ outcome }) => outcome === 'dead-letter');
    expect(dead).toHaveLength(1);
    const [letter] = await world.store.query({ collection: 'deadLetters' });
    if (letter) expect(letter.fields.code).toBe(code);
  });
});
