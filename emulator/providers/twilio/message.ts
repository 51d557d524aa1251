/** A text message that Twilio took on. */
export interface TextMessage {
  /** `SM` and 32 hexadecimal digits. */
  readonly sid: string;
  readonly to: string;
  readonly from: string | null;
  readonly messagingServiceSid: string | null;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly createMs: number;
}

export type MessageStatus = 'queued' | 'sent' | 'delivered';

/** How long after its creation a message leaves Twilio, and reaches the phone. */
const SENT_AFTER_MS = 200;
const DELIVERED_AFTER_MS = 1000;

export function statusOf({ createMs }: TextMessage, nowMs: number): MessageStatus {
  if (nowMs >= createMs + DELIVERED_AFTER_MS) return 'delivered';
  return nowMs >= createMs + SENT_AFTER_MS ? 'sent' : 'queued';
}

/** When the message left Twilio; undefined while it is queued. */
export function sentMs(message: TextMessage, nowMs: number): number | undefined {
  return statusOf(message, nowMs) === 'queued' ? undefined : message.createMs + SENT_AFTER_MS;
}

/** The Message resource (https://www.twilio.com/docs/messaging/api/message-resource); dates are RFC 2822. */
export function messageObject(message: TextMessage, accountSid: string, nowMs: number): object {
  const { sid, to, from, messagingServiceSid, body, createMs } = message;
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}`;
  const sent = sentMs(message, nowMs);
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body,
    date_created: rfc2822(createMs),
    date_sent: sent === undefined ? null : rfc2822(sent),
    date_updated: rfc2822(
      statusOf(message, nowMs) === 'delivered' ? createMs + DELIVERED_AFTER_MS : (sent ?? createMs),
    ),
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from,
    messaging_service_sid: messagingServiceSid,
    num_media: '0',
    num_segments: String(segmentsOf(body)),
    price: null,
    price_unit: 'USD',
    sid,
    status: statusOf(message, nowMs),
    subresource_uris: { media: `${uri}/Media.json` },
    to,
    uri: `${uri}.json`,
  };
}

/** One segment holds 160 seven-bit characters, or 153 of a longer text; 70 and 67 where other characters occur. */
function segmentsOf(body: string): number {
  const plain = [...body].every((character) => character.charCodeAt(0) < 128);
  const [single, each] = plain ? [160, 153] : [70, 67];
  return body.length <= single ? 1 : Math.ceil(body.length / each);
}

function rfc2822(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}
