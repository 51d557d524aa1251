import type { ProviderAnswer } from '../provider.ts';

/** The fields of Stripe's `error` object (https://docs.stripe.com/api/errors) that the sandbox uses. */
export interface ProblemDetail {
  readonly type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  readonly message: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly param?: string;
  readonly charge?: string;
  readonly payment_intent?: object;
}

/** An error that Stripe answers with. */
export class StripeProblem extends Error {
  override readonly name = 'StripeProblem';
  readonly status: number;
  readonly detail: ProblemDetail;

  constructor(status: number, detail: ProblemDetail) {
    super(detail.message);
    this.status = status;
    this.detail = detail;
  }

  toAnswer(): ProviderAnswer {
    const { code } = this.detail;
    const doc =
      code === undefined
        ? {}
        : { doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` };
    return { status: this.status, body: { error: { ...doc, ...this.detail } } };
  }
}

/** A request that cannot be carried out as it is: 400. */
export function invalidRequest(
  message: string,
  more: Partial<Omit<ProblemDetail, 'type' | 'message'>> = {},
): StripeProblem {
  return new StripeProblem(400, { type: 'invalid_request_error', message, ...more });
}

/** An object that a request names and that does not exist: 404 where the path names it, 400 where a parameter does. */
export function noSuch(status: 400 | 404, kind: string, id: string, param: string): StripeProblem {
  const message = `No such ${kind}: '${id}'`;
  return new StripeProblem(status, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message,
    param,
  });
}
