import { expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent, detailsOf, rejected } from '../../../shared/contract/index.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow } from '../../../shared/workflow/index.ts';

// #region refusal-contract
const bank = defineAgent({
  name: 'bank',
  commands: {
    charge: {
      input: z.object({ order: z.string() }),
      errors: { card_declined: z.object({ retryAfterHours: z.int() }) },
    },
  },
});
// #endregion

// #region refusal-handler
const handlers = {
  charge: () => {
    throw rejected('card_declined', 'the bank declined the card', { details: { retryAfterHours: 24 } });
  },
} satisfies HandlersOf<typeof bank>;
// #endregion

const desk = defineAgent({
  name: 'desk',
  calls: ['bank'],
  workflows: { sell: { input: z.object({ order: z.string() }) } },
});

it('refusal', async () => {
  let tries = 0;
  const sell = defineWorkflow({
    name: 'sell',
    version: 1,
    input: z.object({ order: z.string() }),
    async run(wf, { order }) {
      // #region refusal
      try {
        await wf.call(bank.charge, { order });
      } catch (error) {
        const declined = detailsOf(bank.charge, 'card_declined', error);
        if (!declined) throw error;
        await wf.sleep(`${declined.retryAfterHours}h`);
        await wf.call(bank.charge, { order });
      }
      // #endregion
    },
  });
  const charge = fake(bank.charge, () => (tries++ === 0 ? handlers.charge() : undefined));
  const test = new WorkflowTest({ agent: desk, workflows: [sell], fakes: [charge] });
  await test.start(desk.sell, { order: 'o-1' });
  await test.advance('23h');
  expect([tries, test.run.status]).toEqual([1, 'running']);
  await test.advance('1h');
  expect([tries, test.run.status]).toEqual([2, 'completed']);
});
