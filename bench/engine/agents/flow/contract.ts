import * as z from 'zod';
import { defineAgent } from '../../../../shared/contract/index.ts';

export const Saga = z.object({ fail: z.boolean() });
export const Count = z.object({ count: z.number().int() });

/** Hosts the workflows that are measured. */
export const flow = defineAgent({
  name: 'flow',
  calls: ['work'],
  workflows: { saga: { input: Saga }, chain: { input: Count }, fan: { input: Count } },
  limits: { concurrency: 80, timeout: '300s' },
});
