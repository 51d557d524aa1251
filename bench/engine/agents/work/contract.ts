import * as z from 'zod';
import { defineAgent } from '../../../../shared/contract/index.ts';

/** Does nothing, as fast as it can: what is measured is the mesh around it. */
export const work = defineAgent({
  name: 'work',
  commands: {
    step: {
      input: z.object({ n: z.number(), refuse: z.boolean().default(false) }),
      output: z.object({ n: z.number() }),
    },
    undo: { input: z.object({ n: z.number() }) },
  },
  limits: { concurrency: 80 },
});
