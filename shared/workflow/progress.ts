import type { ClaimCheck } from '../contract/claim-check.ts';
import { type Failure, toFailure } from '../contract/failure.ts';
import { advance } from './advance.ts';
import { givenCheck } from './claim-checks.ts';
import type { Command } from './command.ts';
import type { Entry, Ran, RunEvent } from './entry.ts';
import type { Execution, Taken } from './execution.ts';
import type { Payloads } from './payloads.ts';
import type { RunCode } from './run-code.ts';
import { type EffectHost, outcomeOf } from './side-effects.ts';

/** What one message brought a run to. */
export interface Progressed {
  readonly live: Execution;
  readonly appended: readonly Entry[];
  readonly commands: readonly Command[];
  /** What became of the last event. */
  readonly taken: Taken;
  /** What the queries of the run answer. Left out where its code had no part in it. */
  readonly answers?: Awaited<ReturnType<Execution['answers']>>;
}

export interface ProgressRequest {
  readonly code: RunCode | undefined;
  readonly history: readonly Entry[];
  readonly events: readonly RunEvent[];
  /** So many of the events, from the first, may hold a signal that fits nothing: it is skipped. */
  readonly lenient: number;
  /** The events came together: what is to be undone is decided on when all of them are taken. */
  readonly together?: boolean;
  /** Where `history` was brought to life before: it goes on from there, and `code` and `history` are not looked at. */
  readonly live?: Execution;
  /** What claim checks in the history and the events stand for; that of `live`, where it is given. */
  readonly payloads?: Payloads;
  /** The failure to end the run's code with, instead of its going on. */
  readonly fail?: Failure;
  /** Where the side effects of the code are run. */
  readonly effects: EffectHost;
  now(): number;
}

/**
 * Takes the events one by one, running the side effects that the code asks for in between. Nothing of it is committed yet: when
 * the process dies meanwhile, a side effect runs again.
 *
 * @throws Parked
 */
export async function progress(request: ProgressRequest): Promise<Progressed> {
  const { code, history, events, lenient, now } = request;
  const commands: Command[] = [];
  const appended: Entry[] = [];
  const { live, payloads } = request;
  let at = await advance({ code, history, events: [], ...(live && { live }), ...(payloads && { payloads }) });
  let taken: Taken = 'stale';
  for (const [position, event] of events.entries()) {
    const more = request.together === true && position < events.length - 1;
    const check = at.live.hasCode ? givenCheck(event) : undefined;
    const known = check ? await told(at.live.payloads, event, check, position < lenient) : event;
    at = await advance({ code, history, live: at.live, events: [known], lenient: position < lenient, more });
    taken = at.taken;
    commands.push(...at.commands);
    appended.push(...at.appended);
    for (; at.effects.length > 0; appended.push(...at.appended), commands.push(...at.commands)) {
      // Together, yet their results are taken in the order in which the steps began.
      const results = await Promise.all(at.effects.map((effect) => outcomeOf(effect, request.effects)));
      const ran = results.map((result): Ran => ({ e: 'ran', at: now(), ...result }));
      at = await advance({ code, history, live: at.live, events: ran });
    }
  }
  if (request.fail) {
    at.live.fail(request.fail);
    commands.push(...at.live.takeCommands());
    appended.push(...at.live.takeAppended());
  }
  const answers = appended.length > 0 || !live ? await at.live.answers() : undefined;
  return { live: at.live, appended, commands, taken, ...(answers && { answers }) };
}

/**
 * What came, with its payload at hand. Of one that is not to be had: what a command did is then unknown, as if it had failed; a signal that
 * was kept is skipped.
 *
 * @throws MeshError `ClaimCheckLost`, `ClaimCheckDamaged` for a signal that can be refused
 */
async function told(
  payloads: Payloads,
  event: RunEvent,
  check: ClaimCheck,
  kept: boolean,
): Promise<RunEvent> {
  await payloads.load([check]);
  const trouble = payloads.trouble(check);
  if (!trouble) return event;
  if (event.e === 'signalled') {
    if (!kept) throw trouble;
    return { ...event, invalid: true };
  }
  if (event.e === 'updated') return { ...event, refused: toFailure(trouble) };
  if (event.e !== 'replied') return event;
  return { ...event, reply: { ok: false, error: toFailure(trouble) } };
}
