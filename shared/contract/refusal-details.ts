import type * as z from 'zod';
import { hasCode } from './errors.ts';

/** A reference to a command whose contract declares the details of its refusals. */
interface Refusing<Errors> {
  readonly errors: Errors;
}

/**
 * The details of a refusal for this reason, as the contract of the command declares them. Undefined for any other error, and for details
 * that are not there or do not fit: an agent of another release may have sent them.
 *
 * @example
 * try {
 *   await wf.call(payments.charge, order);
 * } catch (error) {
 *   const declined = detailsOf(payments.charge, 'card_declined', error);
 *   if (!declined) throw error;
 *   await wf.sleep(`${declined.retryAfterHours}h`);
 * }
 */
export function detailsOf<Errors extends object, Reason extends keyof Errors & string>(
  { errors }: Refusing<Errors>,
  reason: Reason,
  error: unknown,
): (Errors[Reason] extends z.ZodType ? z.output<Errors[Reason]> : never) | undefined {
  if (!hasCode(error, 'Rejected') || error.reason !== reason || error.details === undefined) return undefined;
  const schema = errors[reason] as z.ZodType | undefined;
  const result = schema?.safeParse(error.details);
  return result?.success ? (result.data as never) : undefined;
}
