import { describe, expect, test } from 'vitest';
import { Twilio } from '../../../emulator/providers/twilio/twilio.ts';
import { ask, providerWorld, requestOf } from './ask.ts';

const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'token' };
const messages = `/2010-04-01/Accounts/${account.accountSid}/Messages`;
const headers = { authorization: `Basic ${btoa(`${account.accountSid}:${account.authToken}`)}` };
const text = { To: '+14155552671', From: '+15005550006', Body: 'Order o-1 is on its way' };

function service() {
  const world = providerWorld();
  const twilio = new Twilio(world, account);
  const send = (form: Record<string, string>) =>
    ask(
      twilio,
      requestOf('POST', `${messages}.json`, { headers, body: new URLSearchParams(form).toString() }),
    );
  const list = (query: Record<string, string> = {}) => {
    const { body } = ask(
      twilio,
      requestOf('GET', `${messages}.json?${new URLSearchParams(query)}`, { headers }),
    );
    return body as { messages: { sid: string; status: string; to: string }[]; next_page_uri: string | null };
  };
  return { twilio, clock: world.clock, send, list };
}

describe('a text message', () => {
  test('is queued, sent, then delivered, on the clock', async () => {
    const { twilio, clock, send } = service();
    const { status, body } = send(text);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'queued',
      date_sent: null,
      num_segments: '1',
      direction: 'outbound-api',
    });
    expect(body.sid).toMatch(/^SM[0-9a-f]{32}$/);
    const fetched = () => ask(twilio, requestOf('GET', `${messages}/${body.sid}.json`, { headers })).body;
    await clock.advance(200);
    expect(fetched()).toMatchObject({ status: 'sent', date_sent: expect.stringContaining('2026') });
    await clock.advance(800);
    expect(fetched().status).toBe('delivered');
  });

  test('that is posted twice is sent twice: there are no idempotency keys', () => {
    const { twilio, send } = service();
    send(text);
    send(text);
    expect(twilio.books().messages).toHaveLength(2);
  });

  test('is listed by its number from the moment it is taken on', () => {
    const { send, list } = service();
    const { body } = send(text);
    send({ ...text, To: '+14155552672' });
    expect(list({ To: text.To }).messages).toMatchObject([{ sid: body.sid, status: 'queued' }]);
  });

  test('is listed by date only once it was sent', async () => {
    const { clock, send, list } = service();
    send(text);
    expect(list({ 'DateSent>': '2026-01-01' }).messages).toHaveLength(0);
    await clock.advance(200);
    expect(list({ 'DateSent>': '2026-01-01' }).messages).toHaveLength(1);
    expect(list({ DateSent: '2026-01-01' }).messages).toHaveLength(1);
    expect(list({ 'DateSent<': '2025-12-31' }).messages).toHaveLength(0);
  });

  test('comes in pages, newest first', () => {
    const { send, list } = service();
    const sids = Array.from({ length: 5 }, () => send(text).body.sid).reverse();
    const first = list({ PageSize: '3' });
    expect(first.messages.map(({ sid }) => sid)).toEqual(sids.slice(0, 3));
    const { searchParams } = new URL(first.next_page_uri ?? '', 'http://sandbox');
    const second = list(Object.fromEntries(searchParams));
    expect(second.messages.map(({ sid }) => sid)).toEqual(sids.slice(3));
    expect(second.next_page_uri).toBeNull();
  });

  test.each([
    [{ ...text, To: '' }, 21604],
    [{ ...text, To: '0151 1234' }, 21211],
    [{ ...text, To: '+15005550001' }, 21211],
    [{ ...text, To: '+15005550009' }, 21614],
    [{ ...text, From: '' }, 21603],
    [{ ...text, From: '+15005550001' }, 21212],
    [{ ...text, Body: '' }, 21602],
    [{ ...text, Body: 'x'.repeat(1601) }, 21617],
  ])('is refused for %j with its code', (form, code) => {
    const { twilio, send } = service();
    const { status, body } = send(form);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code,
      status: 400,
      more_info: `https://www.twilio.com/docs/errors/${code}`,
    });
    expect(twilio.books().messages).toEqual([]);
  });

  test('needs the right credentials', () => {
    const { twilio } = service();
    const authorization = `Basic ${btoa(`${account.accountSid}:wrong`)}`;
    const answer = ask(twilio, requestOf('GET', `${messages}.json`, { headers: { authorization } }));
    expect(answer).toMatchObject({ status: 401, body: { code: 20003 } });
  });
});
