import { MeshError } from '../../contract/errors.ts';
import { silentLog } from '../../contract/log.ts';
import { advance } from '../advance.ts';
import type { Entry } from '../entry.ts';
import { type Difference, Parked } from '../parked.ts';
import type { Payloads } from '../payloads.ts';
import type { RunCode } from '../run-code.ts';

/** Why code can't go on with a history. */
export interface Mismatch extends Difference {
  readonly code: MeshError['code'];
  readonly message: string;
}

/** The code that a history is held against, and whose run it is. */
export type CheckedCode = Omit<RunCode, 'log'>;

/**
 * Replays a recorded history against code, as an agent that holds this code would before it goes on with the run (I7). Nothing is sent,
 * and no side effect runs. `payloads` is what claim checks in the history stand for. Resolves to the first command that differs; undefined where all of them match.
 */
export async function checkHistory(
  history: readonly Entry[],
  code: CheckedCode,
  payloads?: Payloads,
): Promise<Mismatch | undefined> {
  try {
    const request = { code: { ...code, log: silentLog }, history, events: [] };
    await advance({ ...request, ...(payloads && { payloads }) });
    return undefined;
  } catch (error) {
    if (!(error instanceof Parked)) throw error;
    return { code: error.failure.code, message: error.failure.message, ...error.difference };
  }
}

/** Throws what differs, if anything, naming the line where it is known. */
export async function requireMatch(
  history: readonly Entry[],
  code: CheckedCode,
  payloads?: Payloads,
): Promise<void> {
  const mismatch = await checkHistory(history, code, payloads);
  if (!mismatch) return;
  const { name, version } = code.definition;
  const at = mismatch.line === undefined ? '' : `, at ${mismatch.line}`;
  throw new MeshError(
    mismatch.code,
    `version ${version} of ${name} does not match: ${mismatch.message}${at}`,
    {
      ...(mismatch.step !== undefined && { field: `step ${mismatch.step}` }),
    },
  );
}
