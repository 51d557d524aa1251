import { silentLog } from '../contract/log.ts';
import type { Command } from './command.ts';
import type { Entry, RunEvent } from './entry.ts';
import { Execution, type Taken } from './execution.ts';
import { hangingAwait } from './foreign-await.ts';
import type { LedgerStatus } from './ledger.ts';
import { Parked } from './parked.ts';
import type { Payloads } from './payloads.ts';
import type { RunCode } from './run-code.ts';
import type { SideEffect } from './side-effects.ts';

export interface AdvanceRequest {
  /** Left out where the history alone says what to do: the code is over, or can't be had. */
  readonly code: RunCode | undefined;
  readonly history: readonly Entry[];
  readonly events: readonly RunEvent[];
  /** Skip a signal that fits nothing, rather than refuse it. */
  readonly lenient?: boolean;
  /** Others come with these events: nothing is undone before the last of them. */
  readonly more?: boolean;
  /** The execution that an earlier `advance` of this very history left: it goes on from there without replay. */
  readonly live?: Execution;
  /** What claim checks in the history and the events stand for. */
  readonly payloads?: Payloads;
}

export interface Advanced {
  /** To be appended to the history; with `live`, since it was last asked. */
  readonly appended: readonly Entry[];
  /** To be carried out once the history is committed (I6). */
  readonly commands: readonly Command[];
  /** To be run by the host, each result given to the next `advance` as a `ran` event, before anything is committed. */
  readonly effects: readonly SideEffect[];
  readonly status: LedgerStatus;
  /** What became of the last event. */
  readonly taken: Taken;
  readonly live: Execution;
}

/**
 * The pure core of the engine: (code, history, new events) → (history, commands, status). No I/O, no clock, no randomness: the
 * time of an event is recorded with it.
 *
 * @throws Parked when the code can't go on with this history; nothing of what it did then counts
 */
export async function advance(request: AdvanceRequest): Promise<Advanced> {
  const execution = request.live ?? new Execution(request.history, request.code, request.payloads);
  try {
    if (!request.live) await execution.replay();
    let taken: Taken = 'stale';
    for (const event of request.events)
      taken = await execution.take(event, request.lenient ?? false, request.more);
    const { ledger } = execution;
    const appended = execution.takeAppended();
    const commands = execution.takeCommands();
    return {
      appended,
      commands,
      effects: execution.takeEffects(),
      status: ledger.status,
      taken,
      live: execution,
    };
  } catch (error) {
    if (error instanceof Parked && error.failure.code === 'ForeignAwait')
      throw await located(error, request, execution);
    throw error;
  }
}

/** I9: names the line, by doing it all once more under watch. */
async function located(error: Parked, { code }: AdvanceRequest, stranded: Execution): Promise<Parked> {
  const again = new Execution(stranded.entries, code && { ...code, log: silentLog }, stranded.payloads);
  const line = await hangingAwait(() => again.replay().catch(() => {}));
  if (!line) return error;
  return new Parked({ ...error.failure, message: `${error.failure.message}, at ${line}` });
}
