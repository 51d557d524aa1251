import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { FieldValue } from '../../../shared/contract/store.ts';
import { fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { stage } from '../../../shared/workflow/map-reducing.ts';

const ITEMS = 100_000;

const counters = defineAgent({
  name: 'counters',
  commands: {
    sum: { input: z.object({ items: z.array(z.string()) }), output: z.object({ sum: z.number() }) },
    add: {
      input: z.object({ results: z.array(z.object({ sum: z.number() })) }),
      output: z.object({ sum: z.number() }),
    },
  },
  limits: { claimCheckBytes: 1_000_000 },
});

const books = defineAgent({
  name: 'books',
  calls: ['counters'],
  workflows: { close: { input: z.object({ count: z.number() }), output: z.number() } },
  limits: { claimCheckBytes: 20_000_000 },
});

const close = defineWorkflow({
  name: 'close',
  version: 1,
  input: z.object({ count: z.number() }),
  output: z.number(),
  async run(wf, { count }) {
    const items = Array.from({ length: count }, (_, at) => `entry ${at}: ${'of the ledger '.repeat(5)}`);
    const { result } = await wf.mapReduce({
      items,
      map: stage(counters.sum),
      reduce: stage(counters.add),
      shardSize: 1_000,
    });
    return result?.sum ?? 0;
  },
});

test('100,000 items by claim check are mapped and reduced, with a history of some kilobytes and no large document', async () => {
  const mesh = new WorkflowTest({
    agent: books,
    workflows: [close],
    fakes: [
      fake(counters.sum, ({ items }) => ({ sum: items.length })),
      fake(counters.add, ({ results }) => ({ sum: results.reduce((sum, each) => sum + each.sum, 0) })),
    ],
  });
  let runWrites = 0;
  const commit = mesh.store.commit.bind(mesh.store);
  mesh.store.commit = (writes) => {
    runWrites += writes.filter(({ path }) => /^workflows\/[^/]+$/.test(path)).length;
    return commit(writes);
  };
  await mesh.start(books.close, { count: ITEMS });
  expect(mesh.run).toMatchObject({ status: 'completed', output: ITEMS });
  const sizes = [...mesh.store.documents.values()].map(({ path, fields }) => ({
    path,
    bytes: sizeOf(fields),
  }));
  expect(Math.max(...sizes.map(({ bytes }) => bytes))).toBeLessThan(1_048_576);
  const ofRun = sizes.filter(({ path }) => path.startsWith('workflows/'));
  expect(ofRun.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(60_000);
  expect(runWrites).toBeLessThan(ITEMS / 50);
});

function sizeOf(value: FieldValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null || value instanceof Date) return 8;
  return Object.entries(value).reduce(
    (sum, [name, part]) => sum + name.length + sizeOf(part as FieldValue),
    32,
  );
}
