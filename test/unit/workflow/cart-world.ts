import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { rejected } from '../../../shared/contract/errors.ts';
import type { Json } from '../../../shared/contract/json.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { type Message, UPDATE } from '../../../shared/contract/message.ts';
import { defineWorkflow, undo, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { worker } from './agents.ts';
import { type Behaviour, done, World } from './world.ts';

const Cart = z.object({ id: z.string() });
export const carts = defineAgent({
  name: 'carts',
  calls: ['worker', 'elsewhere'],
  workflows: {
    shopping: {
      input: Cart,
      output: z.json(),
      key: 'id',
      updates: {
        add: {
          input: z.object({ sku: z.string(), count: z.number().default(1) }),
          output: z.object({ items: z.number() }),
        },
        touch: { input: z.null() },
        close: { input: z.object({}), output: z.json() },
      },
    },
  },
});
export const elsewhere = defineAgent({
  name: 'elsewhere',
  workflows: {
    job: { input: Cart, key: 'id', updates: { go: { input: Cart, output: z.object({ ok: z.boolean() }) } } },
  },
});
export const RUN = runIdOf('shopping', 'c1');
type Run = (wf: WorkflowContext) => Promise<unknown>;

export const shopping = (run: Run) =>
  defineWorkflow({ name: 'shopping', version: 1, input: Cart, output: z.json(), run: run as never });

export function cartWorld(run: Run, behaviours: Record<string, Behaviour> = {}): World {
  const usual = {
    'worker.a': ({ id }: { id: string }) => done({ ref: `ref-${id}` }),
    'worker.undoA': () => done(),
  };
  const mesh = new World(carts.contract, [shopping(run)], { ...usual, ...behaviours });
  mesh.start('shopping', { id: 'c1' });
  return mesh;
}

let asked = 0;
/** Posts an update, as a run of another agent would. */
export function update(mesh: World, name: string, input?: Json, more: Partial<Message> = {}): Message {
  asked += 1;
  const data = { run: RUN, name, ...(input !== undefined && { input }) };
  return mesh.post({
    type: UPDATE,
    id: `u-${asked}`,
    replyTo: 'asker',
    runId: 'r0',
    stepId: `${asked}.1`,
    data,
    ...more,
  });
}

/** What was answered to an update, however often it was. */
export const answers = (mesh: World, { stepId }: Message) =>
  mesh.replies.filter(({ message }) => message.stepId === stepId).map(({ message }) => message.data);

/** A cart that takes up to two articles until it is closed. */
export const shop: Run = async (wf) => {
  const items: string[] = [];
  let reserved = 0;
  const closed = Promise.withResolvers<void>();
  wf.onUpdate(
    carts.shopping,
    'add',
    async ({ sku, count }) => {
      reserved += count;
      try {
        const compensate = undo(worker.undoA, ({ input }: { input: { id: string } }) => ({ id: input.id }));
        await wf.call(worker.a, { id: sku }, { compensate });
      } catch (error) {
        reserved -= count;
        throw error;
      }
      for (let n = 0; n < count; n++) items.push(sku);
      return { items: items.length };
    },
    {
      validate: ({ count }) => {
        if (reserved + count > 2) throw rejected('full', 'the cart is full');
      },
    },
  );
  wf.onUpdate(carts.shopping, 'close', () => {
    closed.resolve();
    return items;
  });
  await closed.promise;
  return items;
};
