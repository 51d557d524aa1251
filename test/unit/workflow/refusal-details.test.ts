import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { defineAgent, detailsOf, rejected } from '../../../shared/contract/index.ts';
import { silentLog } from '../../../shared/contract/log.ts';
import { withDetails } from '../../../shared/kernel/refusal.ts';
import { fake, WorkflowTest } from '../../../shared/testing/index.ts';
import { defineWorkflow, type WorkflowContext } from '../../../shared/workflow/index.ts';

const bank = defineAgent({
  name: 'bank',
  commands: {
    charge: {
      input: z.object({ amount: z.int() }),
      errors: { card_declined: z.object({ retryAfterHours: z.int().default(24), hint: z.string() }) },
    },
  },
});
const desk = defineAgent({
  name: 'desk',
  calls: ['bank'],
  workflows: { sell: { input: z.object({}), output: z.json() } },
});

function sell(run: (wf: WorkflowContext) => Promise<unknown>, details: unknown): WorkflowTest {
  const workflow = defineWorkflow({
    name: 'sell',
    version: 1,
    input: z.object({}),
    output: z.json(),
    run: run as never,
  });
  const declines = fake(bank.charge, () =>
    Promise.reject(rejected('card_declined', 'it was declined', { details })),
  );
  return new WorkflowTest({ agent: desk, workflows: [workflow], fakes: [declines] });
}
const seen = async (wf: WorkflowContext) => {
  try {
    await wf.call(bank.charge, { amount: 1 });
    return 'charged';
  } catch (error) {
    const declined = detailsOf(bank.charge, 'card_declined', error);
    expectTypeOf(declined).toEqualTypeOf<{ retryAfterHours: number; hint: string } | undefined>();
    return declined ?? 'declined, without details';
  }
};

describe('the details of a refusal', () => {
  test('reach the caller, as its schema has them', async () => {
    const mesh = sell(seen, { hint: 'ask for another card' });
    await mesh.start(desk.sell, {});
    expect(mesh.run.output).toEqual({ retryAfterHours: 24, hint: 'ask for another card' });
  });

  test('are in the failure of the step and of the run, and in the reply to who waits for it', async () => {
    const mesh = sell((wf) => wf.call(bank.charge, { amount: 1 }), { hint: 'x' });
    await mesh.start(desk.sell, {});
    const failure = { code: 'Rejected', reason: 'card_declined', details: '{"hint":"x"}' };
    expect(mesh.run).toMatchObject({ status: 'failed', failure });
    expect(mesh.steps).toMatchObject([{ failure }]);
    expect(mesh.replies).toMatchObject([{ ok: false, error: failure }]);
  });

  test.each<[string, unknown]>([
    ['that do not fit', { hint: 5 }],
    ['that JSON does not carry', { hint: 5n }],
    ['that are too long', { hint: 'x'.repeat(4_001) }],
    ['that are not there', undefined],
  ])('%s leave the refusal as it is', async (_, details) => {
    const mesh = sell(seen, details);
    await mesh.start(desk.sell, {});
    expect(mesh.run.output).toBe('declined, without details');
  });

  test('are held to the contract where they are given', () => {
    const errors = bank.contract.commands.charge?.errors;
    const good = rejected('card_declined', 'm', { details: { hint: 'x' } });
    expect(withDetails(good, errors, 'bank.charge', silentLog)).toBe(good);
    const bad = rejected('card_declined', 'm', { details: { hint: 5 } });
    const logged: unknown[] = [];
    const log = { ...silentLog, error: (_: string, fields: unknown) => void logged.push(fields) };
    expect(withDetails(bad, errors, 'bank.charge', log)).toMatchObject({
      code: 'Rejected',
      reason: 'card_declined',
      details: undefined,
    });
    expect(logged).toMatchObject([{ code: 'OutputInvalid', field: 'hint' }]);
  });
});
