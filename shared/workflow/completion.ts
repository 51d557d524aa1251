import { type Failure, toFailure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import { REPLY_BYTES } from '../contract/reply.ts';
import { updateSpecOf } from '../contract/run-target.ts';
import { stableValue } from '../contract/stable-value.ts';
import type { Ran, Replied, RunEvent, Signalled, Started, Updated } from './entry.ts';
import type { Ledger } from './ledger.ts';
import { CallStep } from './operations/call-step.ts';
import { Parked } from './parked.ts';
import type { Payloads } from './payloads.ts';
import type { RunCode } from './run-code.ts';
import type { StepCode } from './scope.ts';

interface Source {
  readonly ledger: Ledger;
  readonly payloads: Payloads;
  /** Undefined where the code is over, or can't be had. */
  readonly run: RunCode | undefined;
  code(step: string): StepCode | undefined;
}

/** What only the code of a run can tell of an event, added before the event is recorded: replay calls none of it again. */
export class Completion {
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** @throws MeshError `SchemaMismatch` for an input that the schema of the workflow makes something else of each time */
  of(event: RunEvent): RunEvent {
    if (event.e === 'started') return this.#started(event);
    if (event.e === 'ran') return this.#ran(event);
    if (event.e === 'updated') return this.#updated(event);
    return event.e === 'replied' ? this.#replied(event) : event;
  }

  /** A signal that the step waits for, and that fits. */
  ofSignal(event: Signalled, step: string): Signalled {
    const { run, payloads } = this.#source;
    const code = this.#source.code(step);
    if (!run || !code?.stable) return event;
    const payload = event.payload && payloads.checkOut(event.payload);
    const stable = code.stable(payload);
    if (stable === payload || stable === undefined) return event;
    const { contract, definition } = run;
    const limits = takenLimits(contract, `${contract.name}.${definition.name}`);
    return { ...event, payload: payloads.checkIn(stable, limits, 'the payload of the signal') };
  }

  #started(event: Started): Started {
    const { run, payloads } = this.#source;
    if (!run) return event;
    const { contract, definition } = run;
    const what = `the input of the workflow ${definition.name}`;
    const input = payloads.checkOut(event.input);
    // One that does not fit at all fails the run by its own code.
    if (!definition.input.safeParse(input).success) return event;
    const stable = stableValue(definition.input, input, 'SchemaMismatch', what) ?? null;
    if (stable === input) return event;
    const limits = takenLimits(contract, `${contract.name}.${definition.name}`);
    return { ...event, input: payloads.checkIn(stable, limits, what) };
  }

  /** One that does not fit is refused: its payload may not have been at hand before. */
  #updated(event: Updated): Updated {
    const { run, payloads } = this.#source;
    const spec = run && updateSpecOf(run.contract.workflows[run.definition.name]?.updates, event.name);
    if (!run || !spec || event.refused) return event;
    const what = `the input of the update "${event.name}"`;
    const input = event.input && payloads.checkOut(event.input);
    let stable: Json | undefined;
    try {
      stable = stableValue(spec.input, input, 'SchemaMismatch', what);
    } catch (error) {
      return { ...event, refused: toFailure(error, 'SchemaMismatch') };
    }
    if (stable === input || stable === undefined) return event;
    const limits = takenLimits(run.contract, `${run.contract.name}.${run.definition.name}`);
    return { ...event, input: payloads.checkIn(stable, limits, what) };
  }

  /** What a side effect came to has no limit of its own: over that of a message it is kept by claim check, where the contract knows any. */
  #ran(event: Ran): Ran {
    if (event.value === undefined) return event;
    const { inlineBytes = 0, claimCheckBytes = 0 } = this.#source.run?.contract.limits ?? {};
    const limits = { inlineBytes: claimCheckBytes > 0 ? inlineBytes : Infinity, claimCheckBytes: Infinity };
    const { payloads } = this.#source;
    return { ...event, value: payloads.checkIn(event.value, limits, 'the result of the side effect') };
  }

  #replied(event: Replied): Replied {
    if (!event.reply.ok) return event;
    const step = this.#source.ledger.steps.get(event.step);
    // What a compensation answers matters to nobody.
    if (!(step instanceof CallStep)) return { ...event, reply: { ok: true, output: null } };
    const code = this.#source.code(event.step);
    if (!code) return event;
    let decoded: unknown;
    let completed = event;
    try {
      const output = this.#source.payloads.checkOut(event.reply.output);
      const stable = code.stable?.(output) ?? output;
      if (stable !== output) completed = { ...event, reply: { ok: true, output: this.#kept(stable) } };
      // A copy: what the undo does to it must not reach the history.
      decoded = code.decode(code.undoInput ? structuredClone(stable) : stable);
    } catch (error) {
      if (error instanceof Parked) throw error;
      return { ...event, invalid: toFailure(error, 'OutputInvalid') };
    }
    return code.undoInput ? this.#withUndo(completed, () => code.undoInput?.(decoded)) : completed;
  }

  #kept(output: Json): Json {
    const { inlineBytes = 0, claimCheckBytes = 0 } = this.#source.run?.contract.limits ?? {};
    const limits = { inlineBytes: inlineBytes - REPLY_BYTES, claimCheckBytes };
    return this.#source.payloads.checkIn(output, limits, 'the output');
  }

  #withUndo(event: Replied, made: () => Json | undefined): Replied {
    try {
      const undo = made();
      return undo === undefined ? event : { ...event, undo };
    } catch (error) {
      // docs/decisions/0030: known only if the run is undone, and then never passed over (I8).
      const { message: reason, code: cause } = toFailure(error, 'WorkflowFailed');
      const message = `the input of the compensation of step ${event.step} can't be made from its output: ${reason}`;
      this.#source.run?.log.error(message, { code: cause });
      const undoFailed: Failure = { code: 'CompensationFailed', message };
      return { ...event, undoFailed };
    }
  }
}
