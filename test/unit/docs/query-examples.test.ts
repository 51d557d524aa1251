import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { MeshAccess } from '../../../shared/client/mesh-access.ts';
import { MeshClient } from '../../../shared/client/mesh-client.ts';
import { defineAgent } from '../../../shared/contract/index.ts';
import { WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow } from '../../../shared/workflow/index.ts';

it('wf.onQuery', async () => {
  // #region query-contract
  const packing = defineAgent({
    name: 'packing',
    workflows: {
      pack: {
        input: z.object({ order: z.string(), boxes: z.number() }),
        key: 'order',
        queries: { progress: { output: z.object({ packed: z.number(), of: z.number() }) } },
      },
    },
  });
  // #endregion
  // #region on-query
  const pack = defineWorkflow({
    name: 'pack',
    version: 1,
    input: z.object({ order: z.string(), boxes: z.number() }),
    queries: packing.pack.queries,
    async run(wf, { boxes }) {
      let packed = 0;
      wf.onQuery('progress', () => ({ packed, of: boxes }));
      for (; packed < boxes; packed++) await wf.sleep('1h');
    },
  });
  // #endregion
  const test = new WorkflowTest({ agent: packing, workflows: [pack] });
  await test.start(packing.pack, { order: 'o-1', boxes: 3 });
  await test.advance('2h');
  expect(test.query('progress')).toEqual({ packed: 2, of: 3 });
  const ports = {
    store: test.store,
    clock: test.clock,
    ids: { uuid: () => 'unused' },
    bus: { publish: async () => {} },
  };
  const client = new MeshClient(new MeshAccess(ports, 'mesh', '/client'));
  // #region query-ask
  const { packed, of } = await client.run(packing.pack, { key: 'o-1' }).query('progress');
  // #endregion
  expect({ packed, of }).toEqual({ packed: 2, of: 3 });
});
