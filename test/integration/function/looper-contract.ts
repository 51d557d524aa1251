import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/index.ts';

/** An agent whose workflow may loop without ever coming to rest. */
export const looper = defineAgent({
  name: 'looper',
  workflows: {
    job: {
      input: z.object({ id: z.string(), loop: z.enum(['no', 'at once', 'after a signal']) }),
      output: z.string(),
      key: 'id',
    },
  },
  retry: { minBackoff: '0s', maxBackoff: '0s', maxAttempts: 10 },
  settings: ['MESH_TURN_SECONDS'],
});
