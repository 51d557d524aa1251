import { ShippingProblem } from './problem.ts';

export interface Destination {
  readonly name: string;
  readonly street: string;
  readonly city: string;
  readonly postalCode: string;
  /** ISO 3166 code of two letters, upper-case. */
  readonly country: string;
}

/** The body of `POST /labels`. */
export interface LabelRequest {
  readonly orderId: string;
  readonly destination: Destination;
  /** More than 0. */
  readonly weightGrams: number;
}

/** Throws `invalid_request` (400) naming the field that is missing or wrong. */
export function readLabelRequest(body: string): LabelRequest {
  const value = objectOf(parse(body), 'body');
  const destination = objectOf(value.destination, 'destination');
  const country = text(destination, 'country', 'destination.');
  if (!/^[A-Z]{2}$/.test(country))
    throw wrong('destination.country', 'must be a code of two capital letters');
  const { weightGrams } = value;
  if (typeof weightGrams !== 'number' || !(weightGrams > 0))
    throw wrong('weightGrams', 'must be a number over 0');
  return {
    orderId: text(value, 'orderId'),
    destination: {
      name: text(destination, 'name', 'destination.'),
      street: text(destination, 'street', 'destination.'),
      city: text(destination, 'city', 'destination.'),
      postalCode: text(destination, 'postalCode', 'destination.'),
      country,
    },
    weightGrams,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw wrong('body', 'must be JSON');
  }
}

function objectOf(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw wrong(field, 'must be an object');
}

function text(object: Record<string, unknown>, field: string, prefix = ''): string {
  const value = object[field];
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(prefix + field, 'must be a text that is not empty');
}

function wrong(field: string, why: string): ShippingProblem {
  return new ShippingProblem(400, 'invalid_request', `${field} ${why}.`, field);
}
