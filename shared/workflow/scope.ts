import type { Contract } from '../contract/agent.ts';
import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Log } from '../contract/log.ts';
import type { OperationChanges } from '../kernel/interceptor.ts';
import type { EffectAttempt } from './call-options.ts';
import type { CodeEntry, StepEntry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import type { Payloads } from './payloads.ts';

type CodeStep = Extract<CodeEntry, { e: 'step' }>;

/** The operations that code can ask for. */
export type Op = CodeStep['op'];

/** What an operation adds to the entry of its step. */
export type Details<Name extends Op> = Omit<Extract<StepEntry, { op: Name }>, 'e' | 'op' | 'id' | 'name'>;

/** What the code holds of a step, and the history can't: functions. */
export interface StepCode<T = unknown> {
  /** The value that the code gets. Throws a `MeshError` where it does not fit. */
  decode(value: Json | undefined): T;
  /** What is recorded of the value, so that `decode` makes the same of it each time. Throws as `decode` does. Left out: the value as it came. */
  stable?(value: Json | undefined): Json | undefined;
  /** The input of the compensation, made from the output as `decode` returns it. */
  undoInput?(output: unknown): Json;
  /** The functions of a branch of it, by what its id adds to that of the step. */
  branch?(id: string): StepCode | undefined;
  /** What is wrong with the payload of a signal, if anything. */
  refuses?(payload: Json | undefined): Failure | undefined;
  /** What the host is to run for a side effect. */
  effect?(attempt: EffectAttempt): unknown;
}

export interface StepRequest<Name extends Op, T> extends StepCode<T> {
  readonly op: Name;
  readonly name: string;
  /** Asked for only when the step begins, not on replay: what it says is then read from the history. */
  begin(id: string, changes?: OperationChanges): Details<Name>;
  /** What is sent, where interceptors may change it. */
  readonly input?: unknown;
  /** How the step begins where it is not to be dispatched at all. Left out: it can't be refused. */
  refuse?(failure: Failure): Details<Name>;
}

/** What an operation is written against. One operation is a file with a function of `Scope`, and a state machine (`Step`). */
export interface Scope {
  readonly contract: Contract;
  /** Names the run among all that there are and were, for what it starts. */
  readonly runName: string;
  readonly ledger: Pick<Ledger, 'time' | 'earlySignals'>;
  /** Those that are too large to inline: a payload may be a claim check wherever it comes from the history, or goes there. */
  readonly payloads: Payloads;
  /** Silent on replay. */
  readonly log: Log;
  /** Begins a step, or on replay finds it in the history. */
  step<Name extends Op, T>(request: StepRequest<Name, T>): Promise<T>;
}
