import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { defineAgent, type HandlersOf } from '../../../shared/index.ts';
import { AgentTest } from '../../../shared/testing/index.ts';
import { type selling, started } from './examples.ts';
import { shop } from './shop.ts';

it('wf.signalRun', async () => {
  const sell: Parameters<typeof selling>[0] = async (wf, { order }) => {
    // #region signal-run
    wf.signalRun(shop.pack, { key: order }, 'weighed', { grams: 1_200 });
    // #endregion
  };
  const test = await started(sell);
  expect(test.signals).toMatchObject([{ name: 'weighed', payload: { grams: 1_200 } }]);
});

it('ctx.signalRun', async () => {
  const scales = defineAgent({
    name: 'scales',
    calls: ['shop'],
    commands: { weigh: { input: z.object({ order: z.string(), grams: z.number() }) } },
  });
  // #region signal-run-handler
  const handlers = {
    weigh: async ({ order, grams }, ctx) => {
      ctx.signalRun(shop.pack, { key: order }, 'weighed', { grams });
    },
  } satisfies HandlersOf<typeof scales>;
  // #endregion
  const test = new AgentTest({ agent: scales, handlers });
  await test.send(scales.weigh, { order: 'o-1', grams: 900 });
  expect(test.sent).toMatchObject([{ data: { name: 'weighed', payload: { grams: 900 } } }]);
});
