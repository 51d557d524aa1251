import type { ProviderAnswer } from '../provider.ts';

/** An error in the form of Google's JSON APIs (https://developers.google.com/workspace/calendar/api/guides/errors). */
export class CalendarProblem extends Error {
  override readonly name = 'CalendarProblem';
  readonly status: number;
  readonly reason: string;
  readonly domain: string;
  readonly location: { readonly locationType: string; readonly location: string } | undefined;

  constructor(
    status: number,
    reason: string,
    message: string,
    domain = 'global',
    location?: { readonly locationType: string; readonly location: string },
  ) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.domain = domain;
    this.location = location;
  }

  toAnswer(): ProviderAnswer {
    const { status, reason, message, domain, location } = this;
    const headers =
      status === 401
        ? { headers: { 'WWW-Authenticate': 'Bearer realm="https://accounts.google.com/"' } }
        : {};
    return {
      status,
      ...headers,
      body: { error: { code: status, message, errors: [{ message, domain, reason, ...location }] } },
    };
  }
}

/** A field or parameter that is not valid: 400. */
export function invalid(message: string, location?: string): CalendarProblem {
  const where = location === undefined ? undefined : { locationType: 'parameter', location };
  return new CalendarProblem(400, 'invalid', message, 'global', where);
}

export function required(field: string): CalendarProblem {
  return new CalendarProblem(400, 'required', `Missing ${field}.`);
}
