import type { HandlerContext, HandlersOf } from '../../shared/index.ts';
import type { notifications } from './contract.ts';
import { openTexts } from './twilio.ts';

export const handlers = {
  notify: async ({ to, text }, ctx) => ({ sid: await sendOnce(to, text, ctx) }),
  'inventory.stock-depleted': async ({ sku }, ctx) => {
    const desk = ctx.setting('PURCHASING_PHONE');
    if (desk === undefined) {
      ctx.log.warn('nobody is told that an article ran out: PURCHASING_PHONE is not set', { sku });
      return;
    }
    // The time tells this event from the next of the same article.
    await sendOnce(desk, `Out of stock: ${sku}. The last one was reserved at ${ctx.message.time}.`, ctx);
  },
} satisfies HandlersOf<typeof notifications>;

/**
 * Sends the text, unless Twilio has it already.
 *
 * Twilio takes no idempotency keys, so a text whose sending is in doubt is looked for before it is sent (always: whether an earlier
 * delivery of the message got as far as sending, this one can't know). The lease of the message keeps two handlings of it apart.
 * What is left: a text that Twilio took on without answering, and does not list yet when the message is delivered again, is sent
 * twice. Twilio can't tell more.
 */
async function sendOnce(to: string, body: string, ctx: HandlerContext): Promise<string> {
  const texts = await openTexts(ctx);
  return (await texts.find(to, body)) ?? texts.send(to, body);
}
