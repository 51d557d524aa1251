import { parseForm } from '../form.ts';
import { fingerprintOf, IdempotencyKeys } from '../idempotency-keys.ts';
import type { Provider, ProviderAnswer, ProviderRequest, Refusal, Work } from '../provider.ts';
import { type Random, randomText } from '../random.ts';
import type { ProviderWorld } from '../sandbox.ts';
import { findEndpoint } from './endpoints.ts';
import { type DeclinedAttempt, Ledger } from './ledger.ts';
import { Params } from './params.ts';
import { invalidRequest, StripeProblem } from './problem.ts';
import type { Charge, Refund } from './records.ts';

/** What really happened. Amounts are in the currency's smallest unit. */
export interface StripeBooks {
  /** Money captured, with what has been given back of it. */
  readonly charges: readonly Charge[];
  readonly refunds: readonly Refund[];
  readonly declined: readonly DeclinedAttempt[];
  /** By currency. */
  readonly totals: Readonly<Record<string, { captured: number; refunded: number; net: number }>>;
}

/** Stripe removes keys once they are at least 24 hours old (https://docs.stripe.com/api/idempotent_requests). */
const KEY_RETENTION_MS = 24 * 3_600_000;
const MAX_KEY_LENGTH = 255;

/**
 * The payment API (v1), by Stripe's rules. In order, as https://docs.stripe.com/error-low-level tells: authentication, then the
 * idempotency key, then the parameters; from there the endpoint executes, and whatever it ends with is kept under the key.
 */
export class Stripe implements Provider<StripeBooks> {
  readonly #world: ProviderWorld;
  readonly #secretKey: string;
  readonly #ledger: Ledger;
  readonly #keys: IdempotencyKeys;
  readonly #random: Random;

  constructor(world: ProviderWorld, secretKey: string) {
    this.#world = world;
    this.#secretKey = secretKey;
    this.#random = world.random;
    this.#ledger = new Ledger(world.clock, world.random);
    this.#keys = new IdempotencyKeys(world.clock, KEY_RETENTION_MS);
  }

  accept(request: ProviderRequest): ProviderAnswer | Work {
    const requestId = `req_${randomText(this.#random, 14)}`;
    const withId = (answer: ProviderAnswer, more: Record<string, string> = {}): ProviderAnswer => ({
      ...answer,
      headers: { 'Request-Id': requestId, ...answer.headers, ...more },
    });
    try {
      const accepted = this.#accept(request, requestId);
      return typeof accepted === 'function' ? () => withId(accepted()) : withId(accepted);
    } catch (error) {
      return withId(answerOf(error));
    }
  }

  refuse(refusal: Refusal): ProviderAnswer {
    const headers = { 'Request-Id': `req_${randomText(this.#random, 14)}` };
    if (refusal.kind === 'rateLimit') {
      const message =
        'Too many requests hit the API too quickly. We recommend an exponential backoff of your requests.';
      const problem = new StripeProblem(429, { type: 'invalid_request_error', code: 'rate_limit', message });
      return {
        ...problem.toAnswer(),
        headers: { ...headers, 'Retry-After': String(refusal.retryAfterSeconds) },
      };
    }
    const message = 'Sorry! There was an error while talking to Stripe. Please try again later.';
    return { ...new StripeProblem(refusal.status, { type: 'api_error', message }).toAnswer(), headers };
  }

  books(): StripeBooks {
    const { charges, refunds, declined } = this.#ledger;
    const totals: Record<string, { captured: number; refunded: number; net: number }> = {};
    for (const { currency, amount, amountRefunded } of charges) {
      const total = totals[currency] ?? { captured: 0, refunded: 0, net: 0 };
      total.captured += amount;
      total.refunded += amountRefunded;
      total.net += amount - amountRefunded;
      totals[currency] = total;
    }
    return { charges, refunds, declined, totals };
  }

  #accept(request: ProviderRequest, requestId: string): ProviderAnswer | Work {
    this.#authenticate(request.headers.authorization);
    const { method, path } = request;
    const found = findEndpoint(method, path);
    if (found === undefined) {
      const message = `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`;
      throw new StripeProblem(404, { type: 'invalid_request_error', message });
    }
    const form = parseForm(method === 'GET' ? request.query.toString() : request.body);
    const { clock } = this.#world;
    const prepare = () => found.endpoint(new Params(form), this.#ledger, clock, found.id);
    const key = method === 'POST' ? request.headers['idempotency-key'] : undefined;
    if (key === undefined) return executing(prepare());
    const fingerprint = fingerprintOf(form);
    const known = this.#known(key, path, fingerprint);
    if (known !== undefined) return known;
    const execute = executing(prepare());
    const keep = this.#keys.reserve(key, path, fingerprint);
    return () => {
      const headers = { 'Idempotency-Key': key, 'Original-Request': requestId };
      const answer = { ...execute(), headers };
      keep(answer);
      return answer;
    };
  }

  /** The answer to a key that was seen before. */
  #known(key: string, path: string, fingerprint: string): ProviderAnswer | undefined {
    if (key.length > MAX_KEY_LENGTH) {
      throw invalidRequest(`Idempotency keys have up to ${MAX_KEY_LENGTH} characters.`);
    }
    const state = this.#keys.find(key, path, fingerprint);
    const tryAnother = `Try using a key other than '${key}' if you meant to execute a different request.`;
    switch (state.kind) {
      case 'unknown':
        return undefined;
      case 'answered':
        return { ...state.answer, headers: { ...state.answer.headers, 'Idempotent-Replayed': 'true' } };
      case 'inFlight':
        throw new StripeProblem(409, {
          type: 'invalid_request_error',
          code: 'idempotency_key_in_use',
          message: `There is currently another in-progress request using this Stripe-Idempotency key (that probably means you submitted twice, and the other request is still going through): ${key}.`,
        });
      case 'otherEndpoint':
        throw new StripeProblem(400, {
          type: 'idempotency_error',
          message: `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${path}' vs '${state.endpoint}'). ${tryAnother}`,
        });
      case 'otherParameters':
        throw new StripeProblem(400, {
          type: 'idempotency_error',
          message: `Keys for idempotent requests can only be used with the same parameters they were first used with. ${tryAnother}`,
        });
    }
  }

  /** The secret key comes as a bearer token, or as the user name of basic authentication. */
  #authenticate(header: string | undefined): void {
    const [scheme = '', value = ''] = (header ?? '').split(' ');
    const key = scheme === 'Basic' ? (Buffer.from(value, 'base64').toString().split(':')[0] ?? '') : value;
    if (key === this.#secretKey) return;
    const message =
      key === ''
        ? "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        : `Invalid API Key provided: ${/^sk_(test|live)_/.exec(key)?.[0] ?? ''}${'*'.repeat(16)}`;
    throw new StripeProblem(401, { type: 'invalid_request_error', message });
  }
}

function executing(execute: () => object): Work {
  return () => {
    try {
      return { status: 200, body: execute() };
    } catch (error) {
      return answerOf(error);
    }
  };
}

function answerOf(error: unknown): ProviderAnswer {
  if (error instanceof StripeProblem) return error.toAnswer();
  throw error;
}
