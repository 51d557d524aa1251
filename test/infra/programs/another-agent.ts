import * as z from 'zod';
import { runProgram } from '../../../infra/program.ts';
import { defineAgent } from '../../../shared/contract/index.ts';

/** A folder more under `agents`, as far as the program can tell. */
const another = defineAgent({
  name: 'another',
  commands: { ask: { input: z.object({ question: z.string() }) } },
  subscribes: { 'orders.fulfilled': { data: z.object({ orderId: z.string() }) } },
  calls: ['payments'],
  secrets: ['another-key'],
  settings: ['ANOTHER_PLACE'],
  schedules: { nightly: { cron: '0 3 * * *', message: 'ask', input: { question: 'why?' } } },
});

export const { functions } = await runProgram([another.contract]);
