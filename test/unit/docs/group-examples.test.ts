import { expect, test as it } from 'vitest';
import { MeshError } from '../../../shared/contract/index.ts';
import { fake } from '../../../shared/testing/index.ts';
import { branch, each, stage, undo } from '../../../shared/workflow/index.ts';
import { started } from './examples.ts';
import { archive, carriers, shop } from './shop.ts';

const offered = fake(carriers.offer, ({ carrier }) => ({ price: carrier.length }));

it('wf.gather, a quorum of many', async () => {
  const test = await started(async (wf) => {
    // #region gather-each
    const requests = ['road', 'rail', 'sea'].map((carrier) => ({ carrier }));
    const { outputs, reason } = await wf.gather(
      each(carriers.offer, requests, { compensate: undo(carriers.withdraw, ({ input }) => input) }),
      { quorum: 2, deadline: '1m' },
    );
    // #endregion
    return { outputs, reason };
  });
  const [road, rail, sea] = test.unanswered;
  if (!road || !rail || !sea) throw new Error('not all were asked');
  await test.reply(road, { price: 4 });
  await test.reply(rail, { price: 5 });
  expect(test.run.output).toEqual({ reason: 'quorum', outputs: [{ price: 4 }, { price: 5 }] });
  // Too late: it is withdrawn.
  await test.reply(sea, { price: 1 });
  expect(test.commands.at(-1)).toMatchObject({ type: 'carriers.withdraw', input: { carrier: 'sea' } });
});

it('wf.gather, of different commands', async () => {
  const test = await started(
    async (wf, { order }) => {
      // #region gather-branch
      const { branches, reason } = await wf.gather(
        [branch(shop.charge, { order }), branch(carriers.offer, { carrier: 'sea' }, { timeout: '20s' })],
        { deadline: '1m', tolerate: { failures: 1 } },
      );
      const [charged, offer] = branches;
      if (charged.status === 'done') wf.log.info('charged', { charge: charged.output.charge });
      // #endregion
      return { charged: charged.status, offer: offer.status, reason };
    },
    fake(shop.charge, () => ({ charge: 'c-1' })),
    fake(carriers.offer, () => Promise.reject(new MeshError('ProviderFailed', 'it fails'))),
  );
  expect(test.run.output).toEqual({ charged: 'done', offer: 'failed', reason: 'all' });
});

it('wf.mapReduce', async () => {
  const pages = [
    ['a', 'b', 'c'],
    ['d', 'e'],
  ];
  const test = await started(
    async (wf) => {
      // #region map-reduce
      const { result, items, failed } = await wf.mapReduce({
        read: stage(archive.page, { book: 'orders' }),
        map: stage(archive.count),
        reduce: stage(archive.sum),
        shardSize: 2,
        retry: { maxAttempts: 3 },
        tolerate: { share: 0.01 },
      });
      // #endregion
      return { result, items, failed: failed.length };
    },
    fake(archive.page, ({ token }) => {
      const at = Number(token ?? 0);
      return { items: pages[at] ?? [], ...(at + 1 < pages.length && { next: String(at + 1) }) };
    }),
    fake(archive.count, ({ items }) => items.length),
    fake(archive.sum, ({ results }) => results.reduce((sum, one) => sum + one, 0)),
  );
  expect(test.run.output).toEqual({ result: 5, items: 5, failed: 0 });
});

it('many calls at once', async () => {
  const test = await started(async (wf) => {
    const names = Array.from({ length: 300 }, (_, at) => `carrier-${at}`);
    // #region many-calls
    const offers = await Promise.all(names.map((carrier) => wf.call(carriers.offer, { carrier })));
    // #endregion
    return offers.length;
  }, offered);
  expect(test.run.output).toBe(300);
});
