import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/index.ts';
import type { HandlersOf } from '../../../shared/index.ts';
import { AgentTest } from '../../../shared/testing/index.ts';

const archive = defineAgent({
  name: 'archive',
  commands: {
    upload: {
      input: z.object({ pages: z.number() }),
      output: z.object({ pages: z.number() }),
      mode: 'effect',
    },
    exportRows: {
      input: z.object({ rows: z.number() }),
      output: z.object({ rows: z.number() }),
      mode: 'effect',
    },
  },
});
const copied: [number, number][] = [];
const keys = new Set<string>();

async function copyRows(
  from: number,
  to: number,
  { key }: { readonly key: string; readonly signal: AbortSignal },
) {
  copied.push([from, to]);
  keys.add(key);
}

const uploaded: number[] = [];
let breaksAt = Number.POSITIVE_INFINITY;

async function uploadPage(page: number, { signal }: { readonly key: string; readonly signal: AbortSignal }) {
  signal.throwIfAborted();
  if (page === breaksAt) throw new Error('the line broke');
  uploaded.push(page);
}

const handlers = {
  // #region heartbeat
  upload: async ({ pages }, ctx) => {
    for (let page = Number(ctx.lastHeartbeat ?? 0); page < pages; page++) {
      await uploadPage(page, { key: `${ctx.idempotencyKey}-${page}`, signal: ctx.signal });
      ctx.heartbeat(page + 1);
    }
    return { pages };
  },
  // #endregion
  // #region proceed
  exportRows: async ({ rows }, ctx) => {
    const from = Number(ctx.cursor ?? 0);
    const to = Math.min(from + 10_000, rows);
    await copyRows(from, to, { key: ctx.idempotencyKey, signal: ctx.signal });
    if (to < rows) ctx.proceed(to);
    return { rows };
  },
  // #endregion
} satisfies HandlersOf<typeof archive>;

it('ctx.heartbeat', async () => {
  const test = new AgentTest({ agent: archive, handlers });
  const message = test.post(archive.upload, { pages: 4 });
  breaksAt = 1;
  expect((await test.deliver(message)).outcome).toMatchObject({ kind: 'nack' });
  breaksAt = Number.POSITIVE_INFINITY;
  expect((await test.deliver(message)).output).toEqual({ pages: 4 });
  expect(uploaded).toEqual([0, 1, 2, 3]);
});

it('ctx.proceed', async () => {
  const test = new AgentTest({ agent: archive, handlers });
  await test.deliver(test.post(archive.exportRows, { rows: 25_000 }));
  expect(copied).toEqual([
    [0, 10_000],
    [10_000, 20_000],
    [20_000, 25_000],
  ]);
  expect(keys.size).toBe(3);
});
