import { fingerprintOf, IdempotencyKeys } from '../idempotency-keys.ts';
import type { Provider, ProviderAnswer, ProviderRequest, Refusal, Work } from '../provider.ts';
import { HEX, randomText } from '../random.ts';
import type { ProviderWorld } from '../sandbox.ts';
import { type LabelRequest, readLabelRequest } from './label-request.ts';
import { ShippingProblem } from './problem.ts';

/** A shipping label. Times are RFC 3339. */
export interface Label extends LabelRequest {
  /** `lbl_` and 16 hexadecimal digits. */
  readonly id: string;
  readonly trackingNumber: string;
  readonly carrier: string;
  readonly state: 'live' | 'voided';
  readonly createdAt: string;
  readonly voidedAt?: string;
}

/** What really happened: the labels that stand, and those that were voided. */
export interface ShippingBooks {
  readonly live: readonly Label[];
  readonly voided: readonly Label[];
}

export interface ShippingRules {
  /** The only bearer token that is let in; absent lets everybody in. */
  readonly token?: string;
  /** Countries that are shipped to, as ISO 3166 codes. */
  readonly countries?: readonly string[];
}

const KEY_RETENTION_MS = 24 * 3_600_000;
const DEFAULT_COUNTRIES = [
  'AT',
  'BE',
  'CA',
  'CH',
  'DE',
  'DK',
  'ES',
  'FR',
  'GB',
  'IE',
  'IT',
  'NL',
  'NO',
  'PL',
  'PT',
  'SE',
  'US',
];

/**
 * The company's own shipping service.
 *
 * | request | answer |
 * |---|---|
 * | `POST /labels` with an `Idempotency-Key` | 201 and a label; the same label, with 200, for the same key and body |
 * | the same key with another body | 409 `idempotency_mismatch` |
 * | the same key while the first request is under way | 409 `idempotency_in_flight` |
 * | a country that is not shipped to | 422 `unknown_destination` |
 * | `GET /labels?orderId=&state=`, `GET /labels/{id}` | `{labels: [...]}`, the label |
 * | `DELETE /labels/{id}` | the label, voided; voiding twice is the same as once; 404 when there is none |
 */
export class Shipping implements Provider<ShippingBooks> {
  readonly #world: ProviderWorld;
  readonly #rules: ShippingRules;
  readonly #countries: ReadonlySet<string>;
  readonly #labels = new Map<string, Label>();
  readonly #keys: IdempotencyKeys;

  constructor(world: ProviderWorld, rules: ShippingRules) {
    this.#world = world;
    this.#rules = rules;
    this.#countries = new Set(rules.countries ?? DEFAULT_COUNTRIES);
    this.#keys = new IdempotencyKeys(world.clock, KEY_RETENTION_MS);
  }

  accept(request: ProviderRequest): ProviderAnswer | Work {
    try {
      const { token } = this.#rules;
      if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
        throw new ShippingProblem(401, 'unauthenticated', 'The bearer token is missing or wrong.');
      }
      return this.#route(request);
    } catch (error) {
      if (error instanceof ShippingProblem) return error.toAnswer();
      throw error;
    }
  }

  refuse(refusal: Refusal): ProviderAnswer {
    if (refusal.kind === 'fail') {
      return new ShippingProblem(refusal.status, 'unavailable', 'The service cannot answer now.').toAnswer();
    }
    const problem = new ShippingProblem(429, 'rate_limited', 'Too many requests.');
    return { ...problem.toAnswer(), headers: { 'Retry-After': String(refusal.retryAfterSeconds) } };
  }

  books(): ShippingBooks {
    const labels = [...this.#labels.values()];
    return {
      live: labels.filter(({ state }) => state === 'live'),
      voided: labels.filter(({ state }) => state === 'voided'),
    };
  }

  #route({ method, path, query, headers, body }: ProviderRequest): ProviderAnswer | Work {
    if (path === '/labels' && method === 'POST') return this.#post(headers['idempotency-key'], body);
    if (path === '/labels' && method === 'GET') return { status: 200, body: { labels: this.#list(query) } };
    const id = /^\/labels\/([^/]+)$/.exec(path)?.[1];
    const label = this.#labels.get(id ?? '');
    if (id === undefined) throw new ShippingProblem(404, 'not_found', `There is no ${method} ${path}.`);
    if (label === undefined) throw new ShippingProblem(404, 'not_found', `There is no label ${id}.`, 'id');
    if (method === 'GET') return { status: 200, body: label };
    if (method === 'DELETE') return () => ({ status: 200, body: this.#void(label.id) });
    throw new ShippingProblem(405, 'method_not_allowed', `A label has no ${method}.`);
  }

  #post(key: string | undefined, body: string): ProviderAnswer | Work {
    if (key === undefined || key === '') {
      throw new ShippingProblem(400, 'missing_idempotency_key', 'The header Idempotency-Key is required.');
    }
    const request = readLabelRequest(body);
    const fingerprint = fingerprintOf(request);
    const known = this.#keys.find(key, 'POST /labels', fingerprint);
    switch (known.kind) {
      case 'answered': {
        const { id } = known.answer.body as Label;
        return { status: 200, body: this.#labels.get(id) };
      }
      case 'inFlight':
        throw new ShippingProblem(409, 'idempotency_in_flight', 'A request with this key is under way.');
      case 'otherEndpoint':
      case 'otherParameters':
        throw new ShippingProblem(409, 'idempotency_mismatch', 'This key was used for another label.');
      case 'unknown':
    }
    // A refusal leaves the key free: nothing was done under it.
    if (!this.#countries.has(request.destination.country)) {
      const { country } = request.destination;
      throw new ShippingProblem(
        422,
        'unknown_destination',
        `Nothing is shipped to ${country}.`,
        'destination.country',
      );
    }
    const keep = this.#keys.reserve(key, 'POST /labels', fingerprint);
    return () => {
      const answer = { status: 201, body: this.#print(request) };
      keep(answer);
      return answer;
    };
  }

  #print(request: LabelRequest): Label {
    const { clock, random } = this.#world;
    const label: Label = {
      ...request,
      id: `lbl_${randomText(random, 16, HEX)}`,
      trackingNumber: `TRK${randomText(random, 12, '0123456789')}`,
      carrier: 'local-post',
      state: 'live',
      createdAt: new Date(clock.now()).toISOString(),
    };
    this.#labels.set(label.id, label);
    return label;
  }

  #list(query: URLSearchParams): Label[] {
    const orderId = query.get('orderId');
    const state = query.get('state');
    return [...this.#labels.values()].filter(
      (label) => (orderId === null || label.orderId === orderId) && (state === null || label.state === state),
    );
  }

  #void(id: string): Label | undefined {
    const label = this.#labels.get(id);
    if (label === undefined || label.state === 'voided') return label;
    const voided: Label = {
      ...label,
      state: 'voided',
      voidedAt: new Date(this.#world.clock.now()).toISOString(),
    };
    this.#labels.set(id, voided);
    return voided;
  }
}
