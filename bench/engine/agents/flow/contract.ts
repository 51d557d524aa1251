import * as z from 'zod';
import { defineAgent } from '../../../../shared/contract/index.ts';

export const Saga = z.object({ fail: z.boolean() });
export const Count = z.object({ count: z.number().int() });

export const OPERATIONS = [
  'nothing',
  'call',
  'call in effect mode',
  'entity call',
  'gather branch',
  'map-reduce shard',
  'child',
  'sleep',
  'signal',
  'sideEffect',
  'publish',
  'setStatus',
] as const;
/** So many of one operation, one after the other but for branches and shards. */
export const Operations = z.object({ operation: z.enum(OPERATIONS), count: z.number().int() });

/** Hosts the workflows that are measured. */
export const flow = defineAgent({
  name: 'flow',
  calls: ['work'],
  workflows: {
    saga: { input: Saga },
    chain: { input: Count },
    fan: { input: Count },
    sum: { input: Count },
    leaf: { input: z.object({ n: z.number() }) },
    operations: { input: Operations },
  },
  publishes: { done: z.object({ n: z.number() }) },
  limits: { concurrency: 80, timeout: '300s' },
});
