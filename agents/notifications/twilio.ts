import type { Twilio } from 'twilio';
import { type HandlerContext, MeshError, rejected } from '../../shared/index.ts';

/**
 * The SDK takes no signal, so a request goes on when its handling is cut off: it must end within the two seconds that the lease lasts
 * longer. A handling makes two of them.
 */
const REQUEST_TIMEOUT_MS = 1_900;
/** A number has had no more texts than this since the one that is looked for. */
const LOOK_BACK = 100;

/** Not a phone at all, and not a mobile one (https://www.twilio.com/docs/api/errors/21211, …/21614). */
const INVALID_PHONE = new Set([21211, 21614]);
const NOT_SENT = new Set(['failed', 'canceled']);

export interface Texts {
  /** The sid of the text with just this body to this number, if Twilio has taken one on. */
  find(to: string, body: string): Promise<string | undefined>;
  send(to: string, body: string): Promise<string>;
}

/** One client per account and address: an instance keeps its connections, and a new token is used at once. */
const clients = new Map<string, Promise<Twilio>>();

export async function openTexts(ctx: HandlerContext): Promise<Texts> {
  const from = ctx.setting('TWILIO_FROM');
  if (from === undefined)
    throw new MeshError('ConfigurationInvalid', 'the setting TWILIO_FROM is not set', {
      field: 'TWILIO_FROM',
    });
  const client = await clientFor(ctx);
  return {
    find: async (to, body) => {
      const texts = await attempt(ctx, () =>
        client.messages.list({ to, limit: LOOK_BACK, pageSize: LOOK_BACK }),
      );
      return texts.find((text) => text.body === body && !NOT_SENT.has(text.status))?.sid;
    },
    send: async (to, body) => {
      const sent = await attempt(ctx, () =>
        client.messages.create({ to, from, body }).catch((error: unknown) => {
          const failure = failureOf(error);
          if (!(failure instanceof Unanswered)) throw failure;
          // As a handler that was cut off: the lease is left to run out, so that Twilio has the time to list what it took on.
          throw new MeshError('HandlerTimeout', 'Twilio did not say in time whether it took the text on');
        }),
      );
      return sent.sid;
    },
  };
}

async function clientFor(ctx: HandlerContext): Promise<Twilio> {
  const accountSid = await ctx.secret('twilio-account-sid');
  const authToken = await ctx.secret('twilio-auth-token');
  const base = ctx.setting('TWILIO_API_BASE');
  const key = [base, accountSid, authToken].join(' ');
  const known = clients.get(key);
  if (known) return known;
  const made = import('twilio').then(({ default: twilio }) => {
    const client = twilio(accountSid, authToken, { timeout: REQUEST_TIMEOUT_MS, keepAlive: true });
    // The SDK has no option for it, but its domains carry their address in a public field.
    if (base !== undefined) client.api.baseUrl = base;
    return client;
  });
  clients.clear();
  clients.set(key, made);
  return made;
}

async function attempt<Result>(ctx: HandlerContext, request: () => Promise<Result>): Promise<Result> {
  if (ctx.signal.aborted) throw new MeshError('ProviderFailed', 'there was no time left to ask Twilio');
  return ctx.provider('twilio').call(async () => {
    try {
      return await request();
    } catch (error) {
      throw failureOf(error);
    }
  });
}

/** No answer came: what was asked for may have been done. */
class Unanswered extends MeshError {
  constructor() {
    super('ProviderFailed', 'Twilio gave no answer');
  }
}

/** An error of the SDK's as the mesh's. The cause is left out: the SDK keeps the account's credentials in it (I12). */
function failureOf(error: unknown): MeshError {
  if (error instanceof MeshError) return error;
  const { status, code, message } = error as {
    readonly status?: number;
    readonly code?: number;
    readonly message?: string;
  };
  if (code !== undefined && INVALID_PHONE.has(code))
    return rejected('invalid_phone', message ?? 'the phone number is not valid', { field: 'to' });
  // The SDK does not hand on the header that says for how long.
  if (status === 429) return new MeshError('ProviderThrottled', 'Twilio asked to be called less often');
  if (status === 400) return rejected('text_refused', `Twilio refused the text: ${message} (${code})`);
  if (status === 401 || status === 403)
    return new MeshError('ProviderFailed', 'Twilio refused the credentials', {
      hint: 'Set valid twilio-account-sid and twilio-auth-token; the message is tried again.',
    });
  if (status === undefined) return new Unanswered();
  return new MeshError('ProviderFailed', `Twilio failed: ${message ?? status}`);
}
