import { http } from '@google-cloud/functions-framework';
import * as z from 'zod';
import { defineWorkflow, serveAgent } from '../../../shared/index.ts';
import { looper } from './looper-contract.ts';

const { input, output } = looper.job;

const job = defineWorkflow({
  name: 'job',
  version: 1,
  input,
  output: output as NonNullable<typeof output>,
  async run(wf, { loop }) {
    if (loop === 'at once') while (loop === 'at once') {}
    await wf.signal('go', { schema: z.undefined() });
    if (loop === 'after a signal') for (;;) await null;
    return 'done';
  },
});

http('looper', serveAgent({ agent: looper, handlers: {}, workflows: [job] }));
