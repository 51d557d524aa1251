import { expect, test as it } from 'vitest';
import * as z from 'zod';
import { rejected } from '../../../shared/contract/index.ts';
import { WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow } from '../../../shared/workflow/index.ts';
import { type selling, started } from './examples.ts';
import { shop } from './shop.ts';

it('wf.onUpdate', async () => {
  const pack = defineWorkflow({
    name: 'pack',
    version: 1,
    input: z.object({ order: z.string() }),
    output: z.object({ parcel: z.string() }),
    async run(wf, { order }) {
      // #region on-update
      const articles: string[] = [];
      wf.onUpdate(
        shop.pack,
        'add',
        async ({ article }) => {
          articles.push(article);
          await wf.sleep('1s');
          return { articles: articles.length };
        },
        {
          validate: () => {
            if (articles.length === 2) throw rejected('full', 'the parcel is full');
          },
        },
      );
      // #endregion
      await wf.signal('weighed', { schema: shop.pack.signals.weighed });
      return { parcel: `${order}: ${articles.join()}` };
    },
  });
  // #region test-update
  const test = new WorkflowTest({ agent: shop, workflows: [pack] });
  await test.start(shop.pack, { order: 'o-1' });
  const tea = await test.update('add', { article: 'tea' });
  await test.advance('1s');
  expect(tea.reply).toEqual({ ok: true, output: { articles: 1 } });
  // #endregion
  await test.update('add', { article: 'milk' });
  const full = await test.update('add', { article: 'salt' });
  expect(full.reply).toMatchObject({ ok: false, error: { code: 'Rejected', reason: 'full' } });
});

it('wf.updateRun', async () => {
  const sell: Parameters<typeof selling>[0] = async (wf, { order }) => {
    // #region update-run
    const { articles } = await wf.updateRun(
      shop.pack,
      { key: order },
      'add',
      { article: 'tea' },
      { timeout: '1m' },
    );
    // #endregion
    return articles;
  };
  const test = await started(sell);
  const [update] = test.unanswered;
  expect(update?.input).toMatchObject({ name: 'add', input: { article: 'tea' } });
  if (update) await test.reply(update, { articles: 1 });
  expect(test.run).toMatchObject({ status: 'completed', output: 1 });
});
