import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { MeshAccess } from '../../../shared/client/mesh-access.ts';
import { MeshClient } from '../../../shared/client/mesh-client.ts';
import { defineAgent } from '../../../shared/contract/index.ts';
import { WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow } from '../../../shared/workflow/index.ts';

it('wf.setAttributes', async () => {
  // #region attributes-contract
  const store = defineAgent({
    name: 'store',
    workflows: {
      sell: {
        input: z.object({ order: z.string(), customer: z.string(), placedAt: z.iso.datetime() }),
        key: 'order',
        attributes: {
          customer: { type: 'keyword', from: 'customer' },
          placedAt: { type: 'date', from: 'placedAt' },
          tags: 'keywords',
          total: 'number',
          express: 'boolean',
        },
      },
    },
  });
  // #endregion
  // #region set-attributes
  const sell = defineWorkflow({
    name: 'sell',
    version: 1,
    input: z.object({ order: z.string() }),
    attributes: store.sell.attributes,
    async run(wf) {
      wf.setAttributes({ total: 1_250, express: true, tags: ['gift', 'web'] });
      await wf.sleep('1h');
      wf.setAttributes({ express: null });
    },
  });
  // #endregion
  const test = new WorkflowTest({ agent: store, workflows: [sell] });
  await test.start(store.sell, { order: 'o-1', customer: 'ada', placedAt: '2026-01-01T00:00:00Z' });
  const ports = {
    store: test.store,
    clock: test.clock,
    ids: { uuid: () => 'unused' },
    bus: { publish: async () => {} },
  };
  const client = new MeshClient(new MeshAccess(ports, 'mesh', '/client'));
  // #region attributes-list
  const { runs } = await client.list({ workflow: store.sell, attributes: { customer: 'ada', tags: 'gift' } });
  const large = await client.list({ workflow: store.sell, attributes: { total: { from: 1_000 } } });
  // #endregion
  expect(runs).toMatchObject([{ key: 'o-1', attributes: { total: 1_250, express: true } }]);
  expect(large.runs).toHaveLength(1);
  await test.advance('1h');
  expect(test.run.attributes).not.toHaveProperty('express');
});
