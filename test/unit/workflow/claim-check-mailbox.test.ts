import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { FieldValue } from '../../../shared/contract/store.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { decodeRun } from '../../../shared/workflow/run-record.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import { World } from '../../support/world.ts';

const BRANCHES = 18;
const BYTES = 1_050_000;
const limits = { inlineBytes: 2_000_000 };

const scans = defineAgent({
  name: 'scans',
  commands: { scan: { input: z.object({ page: z.number() }), output: z.string() } },
  limits,
});
const library = defineAgent({
  name: 'library',
  calls: ['scans'],
  workflows: { digitise: { input: z.object({ pages: z.number() }), output: z.number() } },
  limits: { ...limits, claimCheckBytes: 5_000_000 },
});
const digitise = defineWorkflow({
  name: 'digitise',
  version: 1,
  input: z.object({ pages: z.number() }),
  output: z.number(),
  async run(wf, { pages }) {
    const scanned = await Promise.all(
      Array.from({ length: pages }, (_, page) => wf.call(scans.scan, { page })),
    );
    return scanned.reduce((sum, { length }) => sum + length, 0);
  },
});

test('replies that crowd, and are too large for a document of the mailbox, are left there by claim check', async () => {
  const world = new World({
    lasting: true,
    parallel: () => BRANCHES,
    agents: [
      {
        contract: library.contract,
        routes: ({ clock, ids }) =>
          workflowRoutes({ contract: library.contract, definitions: [digitise], clock, ids }),
      },
      {
        contract: scans.contract,
        routes: ({ clock, secrets }) =>
          handlerRoutes({
            contract: scans.contract,
            // Of three bytes each in UTF-8.
            handlers: { scan: ({ page }: { page: number }) => `${page}`.padEnd(BYTES / 3, '頁') },
            clock,
            secrets,
            env: {},
          }),
      },
    ],
  });
  const mails: number[] = [];
  const commit = world.store.commit.bind(world.store);
  world.store.commit = (writes) => {
    for (const write of writes)
      if (write.path.includes('/mailbox/') && 'fields' in write) mails.push(sizeOf(write.fields));
    return commit(writes);
  };
  world.command('library', 'digitise', { pages: BRANCHES });
  await world.settle();
  const [run] = [...world.store.documents.values()].filter(({ path }) => /^workflows\/[^/]+$/.test(path));
  expect(run && decodeRun(run)).toMatchObject({
    status: 'completed',
    output: BRANCHES * Math.floor(BYTES / 3),
  });
  expect(mails.length).toBeGreaterThan(5);
  expect(Math.max(...mails)).toBeLessThan(1_000_000);
});

function sizeOf(value: FieldValue): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return 8;
  return Object.values(value).reduce<number>((sum, part) => sum + sizeOf(part as FieldValue), 0);
}
