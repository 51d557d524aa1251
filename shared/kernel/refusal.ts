import { hasCode, rejected } from '../contract/errors.ts';
import { toFailure } from '../contract/failure.ts';
import { toJson } from '../contract/json.ts';
import type { Log } from '../contract/log.ts';
import { parseAs } from '../contract/parse.ts';
import type { Schema } from '../contract/schema.ts';

/**
 * The error of a handler, its details held to the contract. A refusal whose details do not fit, or that JSON does not carry, stands without
 * them: that the command was refused is known, and is what its caller acts on.
 */
export function withDetails(
  error: unknown,
  schemas: Readonly<Record<string, Schema>> | undefined,
  what: string,
  log: Log,
): unknown {
  if (!hasCode(error, 'Rejected') || error.details === undefined) return error;
  const { reason = '', message, field, hint } = error;
  const of = `the details of the refusal ${reason} of ${what}`;
  try {
    const details = toJson(error.details, 'OutputInvalid', of);
    const schema = schemas && Object.hasOwn(schemas, reason) ? schemas[reason] : undefined;
    if (schema) parseAs(schema, details, 'OutputInvalid', of);
    return error;
  } catch (invalid) {
    const failure = toFailure(invalid, 'OutputInvalid');
    log.error(`left out: ${failure.message}`, { code: failure.code, field: failure.field });
    return rejected(reason, message, { hint, cause: error, ...(field !== undefined && { field }) });
  }
}
