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
  },
});
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
