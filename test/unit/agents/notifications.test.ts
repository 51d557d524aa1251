import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inventory } from '../../../agents/inventory/contract.ts';
import { notifications } from '../../../agents/notifications/contract.ts';
import { handlers } from '../../../agents/notifications/handler.ts';
import { startTwilio } from '../../../emulator/providers/index.ts';
import { AgentTest, ManualClock } from '../../../shared/testing/index.ts';

const ACCOUNT = { accountSid: `AC${'0'.repeat(31)}7`, authToken: 'the-auth-token' };
const text = { to: '+14155550123', text: 'Your order o-1 will be delivered.' };
const DESK_PHONE = '+14155550199';

let clock: ManualClock;
let twilio: Awaited<ReturnType<typeof startTwilio>>;

const deskWith = (settings: Record<string, string> = {}, authToken = ACCOUNT.authToken) =>
  new AgentTest({
    agent: notifications,
    handlers,
    clock,
    secrets: { 'twilio-account-sid': ACCOUNT.accountSid, 'twilio-auth-token': authToken },
    settings: { TWILIO_API_BASE: twilio.url, TWILIO_FROM: '+15005550006', ...settings },
  });

beforeEach(async () => {
  clock = new ManualClock();
  twilio = await startTwilio({ ...ACCOUNT, clock });
});
afterEach(() => twilio.close());

describe('a text', () => {
  test('is sent once, however often it is asked for', async () => {
    const first = await deskWith().send(notifications.notify, text);
    expect(await deskWith().send(notifications.notify, text)).toEqual(first);
    expect(twilio.books.messages).toMatchObject([{ sid: first.sid, to: text.to, body: text.text }]);
  });

  test('of other words to the same number is another text', async () => {
    await deskWith().send(notifications.notify, text);
    await deskWith().send(notifications.notify, { ...text, text: 'Your order o-2 will be delivered.' });
    expect(twilio.books.messages).toHaveLength(2);
  });

  test('is sent once when Twilio took it on and never answered', async () => {
    twilio.faults.set([{ kind: 'timeoutAfterWork', method: 'POST', count: 1 }]);
    // Not before the lease has ended: till then Twilio may not list it yet.
    expect(await deskWith().fail(notifications.notify, text)).toMatchObject({
      code: 'HandlerTimeout',
      retry: true,
    });
    await deskWith().send(notifications.notify, text);
    expect(twilio.books.messages).toHaveLength(1);
  });

  test.each(['+15005550001', '+15005550009'])('to %s, which is no mobile phone, is rejected', async (to) => {
    expect(await deskWith().fail(notifications.notify, { ...text, to })).toMatchObject({
      code: 'Rejected',
      reason: 'invalid_phone',
      field: 'to',
    });
  });

  test('that Twilio refuses for another reason is rejected for good', async () => {
    expect(await deskWith().fail(notifications.notify, { ...text, to: '+15005550004' })).toMatchObject({
      code: 'Rejected',
      reason: 'text_refused',
    });
  });

  test.each([
    { kind: 'fail', code: 'ProviderFailed' },
    { kind: 'rateLimit', code: 'ProviderThrottled' },
  ] as const)('that meets $kind is worth another try', async ({ kind, code }) => {
    twilio.faults.set([{ kind, count: 1 }]);
    expect(await deskWith().fail(notifications.notify, text)).toMatchObject({ code, retry: true });
    await deskWith().send(notifications.notify, text);
  });

  test('with credentials that Twilio refuses is tried again, and they are not told', async () => {
    const error = await deskWith({}, 'a-wrong-token').fail(notifications.notify, text);
    expect(error).toMatchObject({ code: 'ProviderFailed' });
    expect(JSON.stringify([error.message, error.cause, error.hint])).not.toContain('wrong-token');
  });
});

describe('when stock runs out', () => {
  const depleted = { sku: 'TEA-01', orderId: 'o-1' };

  test('the purchasing desk is texted, once per event', async () => {
    const desk = deskWith({ PURCHASING_PHONE: DESK_PHONE });
    await desk.send(inventory['stock-depleted'], depleted);
    await desk.send(inventory['stock-depleted'], depleted);
    await clock.advance(60_000);
    await desk.send(inventory['stock-depleted'], depleted);
    expect(twilio.books.messages).toHaveLength(2);
    expect(twilio.books.messages[0]).toMatchObject({ to: DESK_PHONE });
    expect(twilio.books.messages[0]?.body).toContain('TEA-01');
  });

  test('and there is no desk to text, nothing is sent', async () => {
    await deskWith().send(inventory['stock-depleted'], depleted);
    expect(twilio.books.messages).toEqual([]);
  });
});
