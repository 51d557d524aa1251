import * as z from 'zod';
import { defineAgent } from '../../../../shared/contract/index.ts';

const Total = z.number();

/** Does next to nothing, as fast as it can: what is measured is the mesh around it. */
export const work = defineAgent({
  name: 'work',
  commands: {
    step: {
      input: z.object({ n: z.number(), refuse: z.boolean().default(false) }),
      output: z.object({ n: z.number() }),
    },
    undo: { input: z.object({ n: z.number() }) },
    effect: { mode: 'effect', input: z.object({ n: z.number() }) },
    keep: { entity: { key: 'name' }, input: z.object({ name: z.string() }) },
    page: {
      input: z.object({ count: z.number(), token: z.string().nullable() }),
      output: z.object({ items: z.array(z.number()), next: z.string().nullable() }),
    },
    map: { input: z.object({ items: z.array(z.number()) }), output: Total },
    reduce: { input: z.object({ results: z.array(Total) }), output: Total },
  },
  state: { schema: z.object({ kept: z.number() }) },
  limits: { concurrency: 80 },
});
