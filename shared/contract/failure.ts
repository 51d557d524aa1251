import * as z from 'zod';
import { ERROR_CATALOGUE, type ErrorCode, MeshError } from './errors.ts';

const codes = Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]];

/** An error as data: in a reply, in a run's history, in a dead letter. It holds no stack and no cause (I12). */
export const Failure = z.object({
  /** A code that only newer code knows is told as a fault of the handler: what it answers must not be lost while agents are deployed. */
  code: z.enum(codes).catch('HandlerFailed'),
  message: z.string(),
  field: z.string().optional(),
  reason: z.string().optional(),
});
export type Failure = z.infer<typeof Failure>;

/** In characters. It travels in replies and stays in histories, where a text without end would be in the way. */
const LONGEST_MESSAGE = 4_000;

/** The error as data. What is no `MeshError` becomes `fallback`, with its message only. A long message is cut. */
export function toFailure(error: unknown, fallback: ErrorCode = 'HandlerFailed'): Failure {
  if (!(error instanceof MeshError)) {
    return { code: fallback, message: cut(error instanceof Error ? error.message : String(error)) };
  }
  return {
    code: error.code,
    message: cut(error.message),
    ...(error.field !== undefined && { field: error.field }),
    ...(error.reason !== undefined && { reason: error.reason }),
  };
}

function cut(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  return `${message.slice(0, LONGEST_MESSAGE - 1).toWellFormed()}…`;
}

/** The data as an error again. */
export function toError(failure: Failure): MeshError {
  const { field, reason } = failure;
  return new MeshError(failure.code, failure.message, {
    ...(field !== undefined && { field }),
    ...(reason !== undefined && { reason }),
  });
}
