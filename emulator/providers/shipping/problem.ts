import type { ProviderAnswer } from '../provider.ts';

/** An error of the shipping service: `{error: {code, message, field?}}`. */
export class ShippingProblem extends Error {
  override readonly name = 'ShippingProblem';
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;

  constructor(status: number, code: string, message: string, field?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }

  toAnswer(): ProviderAnswer {
    const { status, code, message, field } = this;
    return { status, body: { error: { code, message, ...(field === undefined ? {} : { field }) } } };
  }
}
