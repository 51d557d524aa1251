import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { fake } from '../../../shared/testing/index.ts';
import { undo } from '../../../shared/workflow/index.ts';
import { type selling, started } from './examples.ts';
import { shop } from './shop.ts';

const charged = fake(shop.charge, () => ({ charge: 'c-1' }));
const refunded = fake(shop.refund, () => undefined);
const Approval = z.object({ by: z.string() });

it('wf.race', async () => {
  const sell: Parameters<typeof selling>[0] = async (wf) => {
    // #region race
    const decision = await wf.race([
      async () => (await wf.signal('approve', { schema: Approval })).by,
      async () => {
        await wf.sleep('2d');
        return 'nobody';
      },
    ]);
    // #endregion
    return decision;
  };
  const test = await started(sell);
  await test.signal('approve', { by: 'kim' });
  expect(test.run).toMatchObject({ status: 'completed', output: 'kim' });
  const late = await started(sell);
  await late.advance('2d');
  expect(late.run.output).toBe('nobody');
  expect(late.steps.map(({ status }) => status)).toEqual(['cancelled', 'done', 'done']);
});

it('wf.scope', async () => {
  const sell: Parameters<typeof selling>[0] = async (wf, { order }) => {
    const payment = { compensate: undo(shop.refund, () => ({ order })) };
    // #region scope
    try {
      await wf.scope(
        async () => {
          await wf.call(shop.charge, { order }, payment);
          await wf.signal('approve', { schema: Approval });
        },
        { timeout: '1h' },
      );
    } catch (error) {
      wf.log.info('the charge is refunded, and the run goes on', { error });
    }
    // #endregion
  };
  const test = await started(sell, charged, refunded);
  await test.advance('1h');
  expect(test.run.status).toBe('completed');
  expect(test.commands.map(({ type }) => type)).toEqual(['shop.charge', 'shop.refund']);
});

it('wf.shield', async () => {
  const sell: Parameters<typeof selling>[0] = async (wf, { order }) => {
    await wf.scope(async (scope) => {
      const waiting = wait();
      await wf.sleep('1m');
      scope.cancel();
      await waiting;
    });
    async function wait() {
      // #region shield
      try {
        await wf.signal('approve', { schema: Approval });
      } finally {
        await wf.shield(() => wf.call(shop.unpack, { parcel: order }));
      }
      // #endregion
    }
  };
  const test = await started(sell);
  await test.advance('1m');
  expect(test.commands.map(({ type }) => type)).toEqual(['shop.unpack']);
});
