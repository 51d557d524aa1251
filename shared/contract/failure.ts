import * as z from 'zod';
import { ERROR_CATALOGUE, type ErrorCode, MeshError } from './errors.ts';
import { plainText } from './text.ts';

const codes = Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]];

/** In characters. It travels in replies and stays in histories, where a text without end would be in the way. */
const LONGEST_MESSAGE = 4_000;
const LONGEST_NAME = 1_000;
const message = (text: string) => plainText(text, LONGEST_MESSAGE);
const name = (text: string) => plainText(text, LONGEST_NAME);

/** An error as data: in a reply, in a run's history, in a dead letter. It holds no stack and no cause (I12). */
export const Failure = z.object({
  /** A code that only newer code knows is told as a fault of the handler: what it answers must not be lost while agents are deployed. */
  code: z.enum(codes).catch('HandlerFailed'),
  // Mended, not refused: an answer whose text no document holds is an answer all the same.
  message: z.string().overwrite(message),
  field: z.string().overwrite(name).optional(),
  reason: z.string().overwrite(name).optional(),
});
export type Failure = z.infer<typeof Failure>;

/** The error as data. What is no `MeshError` becomes `fallback`, with its message only. Texts are cut, and made Unicode. */
export function toFailure(error: unknown, fallback: ErrorCode = 'HandlerFailed'): Failure {
  if (!(error instanceof MeshError)) return { code: fallback, message: message(textOf(error)) };
  return mended({
    code: error.code,
    message: textOf(error),
    ...(error.field !== undefined && { field: String(error.field) }),
    ...(error.reason !== undefined && { reason: String(error.reason) }),
  });
}

/** The failure with texts that every service keeps. */
export function mended(failure: Failure): Failure {
  const { field, reason } = failure;
  return {
    code: failure.code,
    message: message(failure.message),
    ...(field !== undefined && { field: name(field) }),
    ...(reason !== undefined && { reason: name(reason) }),
  };
}

/** Code may throw anything, even what has no text. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return 'what was thrown has no text';
  }
}

/** The data as an error again. */
export function toError(failure: Failure): MeshError {
  const { field, reason } = failure;
  return new MeshError(failure.code, failure.message, {
    ...(field !== undefined && { field }),
    ...(reason !== undefined && { reason }),
  });
}
