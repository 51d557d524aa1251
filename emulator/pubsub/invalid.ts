import { StatusError } from '../wire/status.ts';

/** INVALID_ARGUMENT in the words of the service, naming the argument (I11). */
export function invalidArgument(argument: string, why?: string): StatusError {
  const reason = why ? `: ${why}` : '';
  return new StatusError(
    'INVALID_ARGUMENT',
    `You have passed an invalid argument to the service (argument=${argument}${reason}).`,
  );
}

/** Throws INVALID_ARGUMENT, in the words of the service, unless `min` <= `value` <= `max`. */
export function requireWithin(argument: string, value: number, min: number, max: number): void {
  if (!(value >= min)) throw outside(argument, value, 'small', 'minimum', min);
  if (value > max) throw outside(argument, value, 'large', 'maximum', max);
}

function outside(argument: string, value: number, size: string, edge: string, limit: number): StatusError {
  return new StatusError(
    'INVALID_ARGUMENT',
    `The value for ${argument} is too ${size}. You passed ${value} in the request, but the ${edge} value is ${limit}.`,
  );
}
