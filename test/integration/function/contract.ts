import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/index.ts';

export const porter = defineAgent({
  name: 'porter',
  commands: {
    enter: { input: z.object({ who: z.string() }) },
    stumble: { input: z.object({ how: z.enum(['timer', 'event', 'promise']) }) },
  },
  settings: ['GATE_URL'],
  state: { schema: z.object({ entered: z.number() }) },
});
