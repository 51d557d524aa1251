import type { Log } from '../contract/log.ts';
import type { Execution } from './execution.ts';
import type { RunRecord } from './run-record.ts';

/** Bounds of what one instance keeps. The history in memory takes about four times its JSON. */
const MOST_RUNS = 1_000;
const MOST_BYTES = 32_000_000;

/** A run that goes on without replay. */
export interface WarmRun {
  readonly execution: Execution;
  /** Lets the code's log speak for the message that is being handled now. */
  readonly speakFor: (log: Log) => void;
}

interface Kept extends WarmRun {
  readonly revision: string;
  readonly bytes: number;
}

/**
 * The executions that this instance left off, each at one revision of its run: with that, an execution is exactly what replaying the
 * history would give, since a revision is random and written by one decision alone.
 *
 * - An execution belongs to one decision at a time: `take` removes it, and only who has committed what it came to puts it back. So a
 *   conflict, a commit of unknown outcome, a parked run and a crash of the code all leave nothing behind that could be wrong.
 * - The least recently used make room.
 */
export class WarmRuns {
  /** In the order of use. */
  readonly #runs = new Map<string, Kept>();
  #bytes = 0;

  /** The execution that stands where the run does; undefined where there is none. */
  take({ runId, revision }: RunRecord): WarmRun | undefined {
    const kept = this.#runs.get(runId);
    if (!kept) return undefined;
    this.#runs.delete(runId);
    this.#bytes -= kept.bytes;
    return kept.revision === revision ? kept : undefined;
  }

  put({ runId, revision, pagedBytes, history }: RunRecord, warm: WarmRun): void {
    this.#drop(runId);
    const bytes = pagedBytes + history.length + warm.execution.payloads.bytes;
    // It would drive out all others, and be driven out by the next.
    if (bytes > MOST_BYTES) return;
    this.#runs.set(runId, { ...warm, revision, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#runs.keys()) {
      if (this.#runs.size <= MOST_RUNS && this.#bytes <= MOST_BYTES) return;
      this.#drop(oldest);
    }
  }

  #drop(runId: string): void {
    this.#bytes -= this.#runs.get(runId)?.bytes ?? 0;
    this.#runs.delete(runId);
  }
}
