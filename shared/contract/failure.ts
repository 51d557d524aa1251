import * as z from 'zod';
import { ERROR_CATALOGUE, type ErrorCode, MeshError } from './errors.ts';

const codes = Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]];

/** An error as data: in a reply, in a run's history, in a dead letter. It holds no stack and no cause (I12). */
export const Failure = z.object({
  code: z.enum(codes),
  message: z.string(),
  field: z.string().optional(),
  reason: z.string().optional(),
});
export type Failure = z.infer<typeof Failure>;

/** The error as data. What is no `MeshError` becomes `fallback`, with its message only. */
export function toFailure(error: unknown, fallback: ErrorCode = 'HandlerFailed'): Failure {
  if (!(error instanceof MeshError)) {
    return { code: fallback, message: error instanceof Error ? error.message : String(error) };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.field !== undefined && { field: error.field }),
    ...(error.reason !== undefined && { reason: error.reason }),
  };
}

/** The data as an error again. */
export function toError(failure: Failure): MeshError {
  const { field, reason } = failure;
  return new MeshError(failure.code, failure.message, {
    ...(field !== undefined && { field }),
    ...(reason !== undefined && { reason }),
  });
}
