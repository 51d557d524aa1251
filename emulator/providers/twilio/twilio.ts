import type { Provider, ProviderAnswer, ProviderRequest, Refusal, Work } from '../provider.ts';
import { HEX, randomText } from '../random.ts';
import type { ProviderWorld } from '../sandbox.ts';
import { type MessageStatus, messageObject, sentMs, statusOf, type TextMessage } from './message.ts';
import { checkFrom, checkTo } from './numbers.ts';
import { TwilioProblem } from './problem.ts';

/** What really happened: every message that Twilio took on, in order. */
export interface TwilioBooks {
  readonly messages: readonly (TextMessage & { readonly status: MessageStatus })[];
}

export interface TwilioAccount {
  /** `AC` and 32 hexadecimal digits. */
  readonly accountSid: string;
  readonly authToken: string;
}

/** https://www.twilio.com/docs/api/errors/21617 */
const MAX_BODY_LENGTH = 1600;
const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;

/**
 * The Messages API (2010-04-01). It has no idempotency keys: whoever posts a message twice sends it twice. Who must not, lists
 * the messages to that number first and looks for the body; a message is listed from the moment it is taken on.
 */
export class Twilio implements Provider<TwilioBooks> {
  readonly #world: ProviderWorld;
  readonly #account: TwilioAccount;
  readonly #messages: TextMessage[] = [];

  constructor(world: ProviderWorld, account: TwilioAccount) {
    this.#world = world;
    this.#account = account;
  }

  accept(request: ProviderRequest): ProviderAnswer | Work {
    try {
      this.#authenticate(request.headers.authorization);
      return this.#route(request);
    } catch (error) {
      if (error instanceof TwilioProblem) return error.toAnswer();
      throw error;
    }
  }

  refuse(refusal: Refusal): ProviderAnswer {
    if (refusal.kind === 'fail')
      return new TwilioProblem(refusal.status, 20500, 'Internal Server Error').toAnswer();
    const answer = new TwilioProblem(429, 20429, 'Too Many Requests').toAnswer();
    return { ...answer, headers: { 'Retry-After': String(refusal.retryAfterSeconds) } };
  }

  books(): TwilioBooks {
    const now = this.#world.clock.now();
    return { messages: this.#messages.map((message) => ({ ...message, status: statusOf(message, now) })) };
  }

  #route({ method, path, query, body }: ProviderRequest): ProviderAnswer | Work {
    const collection = `/2010-04-01/Accounts/${this.#account.accountSid}/Messages`;
    if (path === `${collection}.json`) {
      if (method === 'POST') return this.#create(new URLSearchParams(body));
      if (method === 'GET') return this.#list(collection, query);
    }
    const sid = /^\/(SM[0-9a-f]{32})\.json$/.exec(path.slice(collection.length))?.[1];
    const message = this.#messages.find((candidate) => candidate.sid === sid);
    if (path.startsWith(`${collection}/`) && message !== undefined && method === 'GET') {
      return { status: 200, body: this.#objectOf(message) };
    }
    throw new TwilioProblem(404, 20404, `The requested resource ${path} was not found`);
  }

  #create(form: URLSearchParams): Work {
    const to = checkTo(form.get('To'));
    const messagingServiceSid = form.get('MessagingServiceSid');
    const from = form.get('From');
    if (!from && !messagingServiceSid)
      throw new TwilioProblem(400, 21603, "A 'From' phone number is required.");
    if (from) checkFrom(from);
    if (from === to) {
      throw new TwilioProblem(400, 21266, `'To' and 'From' number cannot be the same: ${to}`);
    }
    const body = form.get('Body') ?? '';
    if (body === '') throw new TwilioProblem(400, 21602, 'Message body is required.');
    if (body.length > MAX_BODY_LENGTH) {
      const message = `The concatenated message body exceeds the ${MAX_BODY_LENGTH} character limit.`;
      throw new TwilioProblem(400, 21617, message);
    }
    return () => {
      const { clock, random } = this.#world;
      const sid = `SM${randomText(random, 32, HEX)}`;
      const message = { sid, to, from, messagingServiceSid, body, createMs: clock.now() };
      this.#messages.push(message);
      return { status: 201, body: this.#objectOf(message) };
    };
  }

  #list(collection: string, query: URLSearchParams): ProviderAnswer {
    const now = this.#world.clock.now();
    const matches = messageFilter(query, now);
    const found = this.#messages.filter(matches).reverse();
    const pageSize = Math.min(MAX_PAGE_SIZE, Math.max(1, Number(query.get('PageSize')) || DEFAULT_PAGE_SIZE));
    const page = Math.max(0, Number(query.get('Page')) || 0);
    const start = page * pageSize;
    const pageUri = (number: number) => {
      const next = new URLSearchParams(query);
      next.set('PageSize', String(pageSize));
      next.set('Page', String(number));
      return `${collection}.json?${next}`;
    };
    return {
      status: 200,
      body: {
        messages: found.slice(start, start + pageSize).map((message) => this.#objectOf(message)),
        page,
        page_size: pageSize,
        start,
        end: Math.max(start, Math.min(start + pageSize, found.length) - 1),
        uri: pageUri(page),
        first_page_uri: pageUri(0),
        next_page_uri: start + pageSize < found.length ? pageUri(page + 1) : null,
        previous_page_uri: page > 0 ? pageUri(page - 1) : null,
      },
    };
  }

  #objectOf(message: TextMessage): object {
    return messageObject(message, this.#account.accountSid, this.#world.clock.now());
  }

  #authenticate(header = ''): void {
    const { accountSid, authToken } = this.#account;
    const expected = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
    if (header !== expected) throw new TwilioProblem(401, 20003, 'Authenticate');
  }
}

/**
 * The filters of a list: `To`, `From`, and `DateSent` with `>` or `<` (inclusive) on the date at which the message left Twilio. A
 * message that is still queued has no such date, and no filter on it finds the message.
 */
function messageFilter(query: URLSearchParams, nowMs: number): (message: TextMessage) => boolean {
  const to = query.get('To');
  const from = query.get('From');
  const bounds = [...query].filter(([name]) => name.startsWith('DateSent'));
  const inTime = (ms: number | undefined) =>
    bounds.every(([name, text]) => {
      const [start, end] = spanOf(text);
      if (ms === undefined) return false;
      if (name === 'DateSent>') return ms >= start;
      if (name === 'DateSent<') return ms <= end;
      return ms >= start && ms <= end;
    });
  return (message) =>
    (!to || message.to === to) && (!from || message.from === from) && inTime(sentMs(message, nowMs));
}

/** A bare date means the whole day (GMT), a date with time that second. */
function spanOf(text: string): readonly [number, number] {
  const start = Date.parse(text);
  if (Number.isNaN(start)) throw new TwilioProblem(400, 20001, `'${text}' is not a valid date`);
  return [start, start + (/^\d{4}-\d{2}-\d{2}$/.test(text) ? 86_400_000 : 1000) - 1];
}
