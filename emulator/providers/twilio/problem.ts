import type { ProviderAnswer } from '../provider.ts';

/** An error that Twilio answers with (https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions). */
export class TwilioProblem extends Error {
  override readonly name = 'TwilioProblem';
  readonly status: number;
  /** One of https://www.twilio.com/docs/api/errors. */
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  toAnswer(): ProviderAnswer {
    const { status, code, message } = this;
    return {
      status,
      body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
    };
  }
}
