import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';

const Item = z.object({ id: z.string() });
const Done = z.object({ ref: z.string() });
const command = { input: Item, output: Done } as const;
const undoing = { input: z.object({ id: z.string(), ref: z.string().optional() }) } as const;

/** An agent that does and undoes: `a` by `undoA`, and so on. */
export const worker = defineAgent({
  name: 'worker',
  commands: {
    a: command,
    b: command,
    c: command,
    undoA: undoing,
    undoB: undoing,
    undoC: undoing,
  },
});

export const stranger = defineAgent({ name: 'stranger', commands: { hello: { input: Item } } });

/** The agent that hosts the workflows under test. */
export const host = defineAgent({
  name: 'shop',
  calls: ['worker'],
  workflows: {
    saga: {
      input: z.object({ orderId: z.string(), lines: z.array(z.object({ quantity: z.number() })).optional() }),
      key: 'orderId',
    },
  },
  publishes: { shipped: Item },
});

export const SagaInput = host.contract.workflows.saga?.input as z.ZodObject<{ orderId: z.ZodString }>;
