import { type Failure, toFailure } from '../contract/failure.ts';
import { type Json, toJson } from '../contract/json.ts';
import { parseAs } from '../contract/parse.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import { REPLY_BYTES } from '../contract/reply.ts';
import type { EffectAttempt } from './call-options.ts';
import type { Command } from './command.ts';
import { Completion } from './completion.ts';
import { Coroutine } from './coroutine.ts';
import {
  type CodeEntry,
  describeEntry,
  type Entry,
  isCodeEnd,
  isCodeEntry,
  isRunEvent,
  type RunEvent,
} from './entry.ts';
import { callerLine } from './foreign-await.ts';
import type { Journal } from './journal.ts';
import { type Applied, Ledger } from './ledger.ts';
import { LookAhead } from './look-ahead.ts';
import { GroupStep } from './operations/group-step.ts';
import { SideEffectStep } from './operations/side-effect-step.ts';
import { mismatch, Parked } from './parked.ts';
import { Payloads } from './payloads.ts';
import type { RunCode } from './run-code.ts';
import type { Details, Op } from './scope.ts';
import type { SideEffect } from './side-effects.ts';
import type { Result } from './step.ts';
import { nextUndo, undoing } from './unwind.ts';

/** What became of an event: `stale` is without effect; a refused signal fits nothing that waits for it. */
export type Taken = 'taken' | 'stale' | { readonly refused: Failure };

/** So many events are replayed before other work of the process gets its turn. */
const BREATH = 1_000;

/**
 * A run in memory: its history, the ledger that is folded from it, and its code as a coroutine (left out where the code is over,
 * or can't be had: compensations need none). Owns the order in which the three are brought on; knows nothing of documents,
 * messages, and what time it is.
 *
 * - I6 entries are only ever appended.
 * - I7 what the code does on replay is compared with what the history holds, entry by entry, before it has any effect.
 * - A host may keep it and `take` further events without replay, as long as nobody else has written the run meanwhile.
 */
export class Execution {
  readonly ledger: Ledger;
  /** What claim checks in the history stand for, and what new ones do. */
  readonly payloads: Payloads;
  readonly #entries: Entry[];
  /** Entries that were recorded before, and how far they have been applied. */
  readonly #recorded: number;
  #cursor = 0;
  #taken: number;
  #replaying = false;
  #commands: Command[] = [];
  #effects: SideEffect[] = [];
  readonly #code: RunCode | undefined;
  readonly #coroutine: Coroutine | undefined;
  #parked: Parked | undefined;

  constructor(history: readonly Entry[], code: RunCode | undefined, payloads = new Payloads()) {
    this.payloads = payloads;
    // Where the code is over, nobody looks into them; they may even be gone.
    this.ledger = new Ledger(code && payloads);
    this.#entries = [...history];
    this.#recorded = history.length;
    this.#taken = history.length;
    this.#code = code;
    if (code) {
      const { definition, contract, facts, log, watch, interceptors } = code;
      const journal = this.#journal();
      this.#coroutine = new Coroutine(definition, contract, facts, journal, log, watch, interceptors);
    }
  }

  /** Whether the code of the run goes on in it. */
  get hasCode(): boolean {
    return this.#coroutine !== undefined;
  }

  /** What the queries of the run answer, now that its code rests. Undefined where its code is not there, or has none. */
  async answers(): ReturnType<Coroutine['answers']> {
    return this.#coroutine?.answers();
  }

  /** The whole history as it stands now. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** What was appended to the history; handed out once. */
  takeAppended(): readonly Entry[] {
    const appended = this.#entries.slice(this.#taken);
    this.#taken = this.#entries.length;
    return appended;
  }

  /** What is to be done once the history is committed; handed out once. */
  takeCommands(): readonly Command[] {
    return this.#commands.splice(0);
  }

  /** Side effects that the code waits for; handed out once. */
  takeEffects(): readonly SideEffect[] {
    return this.#effects.splice(0);
  }

  /** Brings the code to where the history ends. Throws `Parked` (I7, I9). */
  async replay(): Promise<void> {
    this.#replaying = true;
    this.payloads.live = false;
    const ahead = this.#coroutine && new LookAhead(this.#entries);
    try {
      for (let events = 1; this.#cursor < this.#recorded; ) {
        if (this.#passPatches()) continue;
        const entry = this.#entries[this.#cursor] as Entry;
        this.#cursor += 1;
        const over = this.ledger.outcome !== undefined || !this.#coroutine;
        if (!over && isCodeEntry(entry)) throw mismatch(entry, undefined, 'which the code does not issue');
        if (ahead?.any && !over) await ahead.load(this.payloads, this.#nextEvent());
        const applied = this.ledger.apply(entry);
        if (over) continue;
        await this.#resume(entry, applied);
        if (ahead?.any) this.#letGo(ahead.from(this.#cursor));
        if (++events % BREATH === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      this.payloads.live = true;
    }
    this.#replaying = false;
  }

  /** Where the entries end that follow from the event before the cursor. */
  #nextEvent(): number {
    let at = this.#cursor;
    for (let entry = this.#entries[at]; entry && !isRunEvent(entry); entry = this.#entries[at]) at += 1;
    return at;
  }

  /** What the code was given is its own; what it may still be given is in a signal that came early, or in a group that is not complete. */
  #letGo(except?: ReadonlySet<string>): void {
    if (this.payloads.bytes === 0 || this.ledger.leftSignals.length > 0) return;
    for (const step of this.ledger.open.values()) if (step instanceof GroupStep) return;
    this.payloads.forget(except);
  }

  /**
   * Takes a new event, and does all that follows from it up to the next rest.
   *
   * @param lenient a signal that fits nothing is recorded and skipped instead of refused
   * @param more others came with it: what is to be undone is only known once they are taken
   * @throws Parked
   */
  async take(event: RunEvent, lenient: boolean, more = false): Promise<Taken> {
    const codeOver = this.ledger.outcome !== undefined;
    let taken = this.#completion().of(event);
    if (taken.e === 'signalled' && !codeOver) {
      const waiting = this.ledger.signalStep(taken.name);
      const refused = waiting && this.#refusal(waiting.entry.id, taken.payload);
      if (refused && !lenient) return { refused };
      if (refused) {
        taken = { ...taken, invalid: true };
        this.#code?.log.error(refused.message, { code: refused.code, field: refused.field });
      } else if (waiting) taken = this.#completion().ofSignal(taken, waiting.entry.id);
    }
    const applied = this.#append(taken);
    if (!applied) {
      if (!more) this.#unwind();
      return 'stale';
    }
    if (taken.e === 'fired' && taken.timer === 'retry') this.#due(taken.step);
    if (!codeOver) await this.#resume(taken, applied);
    if (!more) this.#unwind();
    this.#letGo();
    return 'taken';
  }

  /** Has the host run a side effect, if the step is one. */
  #due(id: string): void {
    const step = this.ledger.steps.get(id);
    if (!(step instanceof SideEffectStep)) return;
    const { name, retry, timeoutMs } = step.entry;
    const run = async (attempt: EffectAttempt) => (await this.#coroutine?.effect(id, attempt))?.value;
    this.#effects.push({ step: id, name, attempt: step.attempts, retry, timeoutMs, run });
  }

  #completion(): Completion {
    const { ledger, payloads } = this;
    return new Completion({ ledger, payloads, run: this.#code, code: (step) => this.#coroutine?.code(step) });
  }

  #refusal(step: string, payload: Json | undefined): Failure | undefined {
    const refuses = this.#coroutine?.code(step)?.refuses;
    return refuses?.(payload && this.payloads.checkOut(payload));
  }

  /** Ends the code of the run from outside; what it did is undone. */
  fail(failure: Failure): void {
    this.#append({ e: 'threw', failure });
    this.#unwind();
  }

  #append(entry: Entry): Applied | undefined {
    const applied = this.ledger.apply(entry);
    if (!applied) return undefined;
    this.#entries.push(applied.record ?? entry);
    this.#commands.push(...applied.commands);
    return applied;
  }

  /** Lets the code go on with what an event brought. */
  async #resume(entry: Entry, applied: Applied | undefined): Promise<void> {
    if (!this.#coroutine) return;
    if (entry.e === 'started') await this.#coroutine.start(entry.input, entry.seed, entry.baggage);
    else if (entry.e === 'updated') await this.#coroutine.update(entry);
    else if (applied && applied.settled.length > 0) await this.#coroutine.settle(applied.settled);
    if (this.#parked) throw this.#parked;
    if (this.ledger.outcome === undefined && this.#coroutine.stranded && !this.#tooMany) {
      const name = this.#code?.definition.name;
      const message = `the workflow ${name} awaits something that is not a workflow operation`;
      throw new Parked({ code: 'ForeignAwait', message });
    }
  }

  #unwind(): void {
    for (let next = nextUndo(this.ledger); next; next = nextUndo(this.ledger)) this.#append(next);
    const { outcome, endedAt, time: at } = this.ledger;
    if (!outcome || endedAt !== undefined) return;
    if (!undoing(this.ledger)) this.#append({ e: 'ended', at });
  }

  #journal(): Journal {
    const execution = this;
    return {
      ledger: this.ledger,
      payloads: this.payloads,
      get live() {
        return !execution.#replaying;
      },
      begin: (op, name, details) => this.#begin(op, name, details),
      patched: (id) => this.#patched(id),
      park: (failure) => {
        this.#parked ??= new Parked(failure);
      },
      end: (result) => this.#end(result),
    };
  }

  get #tooMany(): boolean {
    const { codeSteps, stepsBefore } = this.ledger;
    return codeSteps - stepsBefore > (this.#code?.mostSteps ?? Infinity);
  }

  #begin<Name extends Op>(
    op: Name,
    name: string,
    details: (id: string) => Details<Name>,
  ): { id: string; result: Result | undefined } | undefined {
    if (this.#parked) return undefined;
    if (this.#replaying) {
      this.#passPatches();
      const entry = this.#entries[this.#cursor];
      if (entry?.e !== 'step' || entry.op !== op || entry.name !== name) {
        const issued = describeEntry({ e: 'step', op, name });
        this.#parked = mismatch(entry, issued, `the code issued ${issued}`, callerLine());
        return undefined;
      }
      this.#cursor += 1;
      return { id: entry.id, result: this.ledger.apply(entry)?.settled[0]?.result };
    }
    // The host ends a run of so many steps; code that begins them in a single turn would never let it.
    if (this.#tooMany) return undefined;
    const id = String(this.ledger.codeSteps + 1);
    // The details are those of the operation: what the types of `Op` and `Details` say one by one.
    const entry = { e: 'step', op, id, name, ...details(id) } as unknown as CodeEntry;
    const applied = this.#append(entry);
    if (op === 'sideEffect') this.#due(id);
    return { id, result: applied?.settled[0]?.result };
  }

  /** A mark stands where the code asked first. One that stands further on was asked for in another place: replay will say so. */
  #patched(id: string): boolean {
    if (this.#replaying) {
      for (let at = this.#cursor; ; at++) {
        const entry = this.#entries[at];
        if (entry?.e !== 'step' || entry.op !== 'patched') return false;
        if (entry.name !== id) continue;
        this.#passPatches(at + 1);
        return true;
      }
    }
    this.#begin('patched', id, () => ({}));
    return true;
  }

  /** Code that no longer asks for a patch goes its way: the marks before what comes next hold nothing against it. */
  #passPatches(to = this.#recorded): boolean {
    const from = this.#cursor;
    for (; this.#cursor < to; this.#cursor++) {
      const entry = this.#entries[this.#cursor];
      if (entry?.e !== 'step' || entry.op !== 'patched') break;
      this.ledger.apply(entry);
    }
    return this.#cursor > from;
  }

  #end(result: Parameters<Journal['end']>[0]): void {
    if (this.#parked) return;
    if (this.#replaying) {
      this.#passPatches();
      const entry = this.#entries[this.#cursor];
      if (!entry || !isCodeEnd(entry)) {
        const how = howEnded(result);
        this.#parked = mismatch(entry, how, `the code ${how}`);
        return;
      }
      this.#cursor += 1;
      this.ledger.apply(entry);
      return;
    }
    if (!result.ok) return void this.#append({ e: 'threw', failure: result.failure });
    if ('continueWith' in result) return void this.#append({ e: 'continued', input: result.continueWith });
    try {
      this.#append({ e: 'returned', output: this.#output(result.output) });
    } catch (error) {
      return void this.#append({ e: 'threw', failure: toFailure(error, 'OutputInvalid') });
    }
    const left = [...this.ledger.steps.values()].filter(({ status }) => status === 'ignored');
    if (left.length > 0) {
      const steps = left.map(({ entry }) => `${entry.id} ${describeEntry(entry)}`);
      this.#code?.log.warn('the workflow returned while steps of it were not finished', { steps });
    }
  }

  #output(value: unknown) {
    const { definition, contract } = this.#code as RunCode;
    const what = `the output of the workflow ${definition.name}`;
    const output = toJson(value, 'OutputInvalid', what);
    if (definition.output) parseAs(definition.output, output, 'OutputInvalid', what);
    // As whoever waits for it is told: the reply has the limit of any message.
    const { inlineBytes, claimCheckBytes } = takenLimits(contract, `${contract.name}.${definition.name}`);
    return this.payloads.checkIn(output, { inlineBytes: inlineBytes - REPLY_BYTES, claimCheckBytes }, what);
  }
}

function howEnded(result: Parameters<Journal['end']>[0]): string {
  if (!result.ok) return `failed with ${result.failure.code}: ${result.failure.message}`;
  return 'continueWith' in result ? 'continued as a new run' : 'returned';
}
