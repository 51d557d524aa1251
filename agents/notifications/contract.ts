import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

export const notifications = defineAgent({
  name: 'notifications',
  description: 'Texts customers and the purchasing desk, by Twilio.',
  commands: {
    notify: {
      mode: 'effect',
      /** The same text to the same number is one text: it should name what it is about. */
      input: z.object({ to: z.e164(), text: z.string().min(1).max(1_600) }),
      output: z.object({ sid: z.string() }),
    },
  },
  subscribes: {
    'inventory.stock-depleted': { mode: 'effect', data: z.object({ sku: z.string() }) },
  },
  secrets: ['twilio-account-sid', 'twilio-auth-token'],
  settings: ['TWILIO_API_BASE', 'TWILIO_FROM', 'PURCHASING_PHONE'],
  providers: {
    twilio: {
      rate: '100/s',
      breaker: { failures: 5, within: '10s', open: '2s', maxOpen: '60s' },
      bulkhead: 10,
    },
  },
  limits: { timeout: '6s' },
  retry: { minBackoff: '200ms', maxBackoff: '60s', maxAttempts: 20 },
});
