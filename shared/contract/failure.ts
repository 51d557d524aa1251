import * as z from 'zod';
import { ERROR_CATALOGUE, type ErrorCode, MeshError } from './errors.ts';
import { type Json, toJson } from './json.ts';
import { plainText } from './text.ts';

const codes = Object.keys(ERROR_CATALOGUE) as [ErrorCode, ...ErrorCode[]];

/** In characters. It travels in replies and stays in histories, where a text without end would be in the way. */
const LONGEST_MESSAGE = 4_000;
const LONGEST_NAME = 1_000;
/** Of the JSON of details, in bytes. */
const MOST_DETAILS = 4_000;
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
  /** The details of a refusal, as JSON: a text, which every document and every attribute holds. */
  details: z.string().max(MOST_DETAILS).optional().catch(undefined),
});
export type Failure = z.infer<typeof Failure>;

/** The error as data. What is no `MeshError` becomes `fallback`, with its message only. Texts are cut, and made Unicode. */
export function toFailure(error: unknown, fallback: ErrorCode = 'HandlerFailed'): Failure {
  if (!(error instanceof MeshError)) return { code: fallback, message: message(textOf(error)) };
  const details = detailsText(error.details);
  return mended({
    code: error.code,
    message: textOf(error),
    ...(details !== undefined && { details }),
    ...(error.field !== undefined && { field: String(error.field) }),
    ...(error.reason !== undefined && { reason: String(error.reason) }),
  });
}

/** The failure with texts that every service keeps. */
export function mended(failure: Failure): Failure {
  const { field, reason, details } = failure;
  return {
    code: failure.code,
    message: message(failure.message),
    ...(field !== undefined && { field: name(field) }),
    ...(reason !== undefined && { reason: name(reason) }),
    ...(details !== undefined && { details: details.toWellFormed() }),
  };
}

/** Details that JSON does not carry, or that are too long, are left out: the refusal stands without them. */
function detailsText(details: unknown): string | undefined {
  if (details === undefined) return undefined;
  try {
    const json = JSON.stringify(toJson(details));
    return Buffer.byteLength(json) <= MOST_DETAILS ? json : undefined;
  } catch {
    return undefined;
  }
}

function detailsFrom(json: string): Json | undefined {
  try {
    return JSON.parse(json) as Json;
  } catch {
    return undefined;
  }
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
  const details = failure.details === undefined ? undefined : detailsFrom(failure.details);
  return new MeshError(failure.code, failure.message, {
    ...(field !== undefined && { field }),
    ...(reason !== undefined && { reason }),
    ...(details !== undefined && { details }),
  });
}
