import type { Contract } from '../contract/agent.ts';
import { type Baggage, baggageView } from '../contract/baggage.ts';
import { isClaimCheck } from '../contract/claim-check.ts';
import { MeshError } from '../contract/errors.ts';
import { toError, toFailure } from '../contract/failure.ts';
import { type Json, toJson } from '../contract/json.ts';
import { type Log, silentLog } from '../contract/log.ts';
import { parseAs } from '../contract/parse.ts';
import { takenLimits } from '../contract/payload-limits.ts';
import { stableValue } from '../contract/stable-value.ts';
import { checkName } from '../contract/text.ts';
import type { Interceptor } from '../kernel/interceptor.ts';
import type { EffectAttempt } from './call-options.ts';
import { randomOf, uuidOf } from './chance.ts';
import type { WorkflowContext } from './context.ts';
import type { WorkflowDefinition } from './definition.ts';
import type { Updated } from './entry.ts';
import { callerLine, enterWorkflow } from './foreign-await.ts';
import { Interception, Uninterceptable } from './interception.ts';
import type { Journal, RunFacts } from './journal.ts';
import { lazyLog } from './lazy-log.ts';
import type { Ledger } from './ledger.ts';
import { call } from './operations/call.ts';
import { CancelStep } from './operations/cancel-step.ts';
import { child } from './operations/child.ts';
import { gather } from './operations/gather.ts';
import { mapReduce } from './operations/map-reduce.ts';
import { publish } from './operations/publish.ts';
import { setAttributes } from './operations/set-attributes.ts';
import { setStatus } from './operations/set-status.ts';
import { sideEffect } from './operations/side-effect.ts';
import { signal } from './operations/signal.ts';
import { signalRun } from './operations/signal-run.ts';
import { sleep } from './operations/sleep.ts';
import { until } from './operations/until.ts';
import { updateRun } from './operations/update-run.ts';
import { Parked } from './parked.ts';
import type { Payloads } from './payloads.ts';
import { lastOfTurn, quiescence } from './quiescence.ts';
import { Queries } from './run-queries.ts';
import type { Op, Scope, StepCode, StepRequest } from './scope.ts';
import { cancelled, Scopes } from './scopes.ts';
import type { Result } from './step.ts';
import { TurnBudget } from './turn-budget.ts';
import type { TurnWatch } from './turn-watch.ts';
import { Updates } from './updates.ts';

interface Pending {
  readonly code: StepCode;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A run of the workflow's function. It goes on only between `start` or `settle` and the next rest, by microtasks alone; what
 * goes on at another time was woken by something foreign (I9).
 */
export class Coroutine implements Scope {
  readonly contract: Contract;
  readonly #definition: WorkflowDefinition;
  readonly #facts: RunFacts;
  readonly #journal: Journal;
  readonly #log: Log;
  readonly #interception: Interception | undefined;
  readonly #steps = new Map<string, StepCode>();
  readonly #pending = new Map<string, Pending>();
  #going = false;
  #ended = false;
  #seed = '';
  #baggage = baggageView();
  #uuids = 0;
  #randoms = 0;
  /** The ways that the run goes: as it was answered once, it is answered again. */
  readonly #patches = new Map<string, boolean>();
  readonly #queries: Queries;
  readonly #budget = new TurnBudget();
  readonly #watch: TurnWatch | undefined;
  readonly #scopes: Scopes;
  readonly #updates: Updates;

  constructor(
    definition: WorkflowDefinition,
    contract: Contract,
    facts: RunFacts,
    journal: Journal,
    log: Log,
    watch?: TurnWatch,
    interceptors: readonly Interceptor[] = [],
  ) {
    this.#watch = watch;
    this.#scopes = new Scopes({
      cancel: (name, steps) => this.#cancel(name, steps),
      timer: (duration) => sleep(this, 'timeout')(duration),
    });
    const coroutine = this;
    this.#updates = new Updates({
      ...{ contract, payloads: journal.payloads, ledger: journal.ledger, workflow: definition.name },
      get going() {
        return coroutine.#canBegin;
      },
      begin: (op, name, details) => (this.#canBegin ? this.#journal.begin(op, name, details)?.id : undefined),
      enter: (run) => void this.#scopes.outside(() => enterWorkflow(run)),
      look: (run) => this.#queries.look('validate', run),
      park: (failure) => journal.park(failure),
    });
    this.#definition = definition;
    this.#queries = new Queries(contract.workflows[definition.name]?.queries ?? {}, definition.name);
    this.contract = contract;
    this.#facts = facts;
    this.#journal = journal;
    this.#log = log;
    if (interceptors.length > 0) {
      const run = { runId: facts.runId, key: facts.key, workflow: definition.name };
      this.#interception = new Interception(interceptors, run, this);
    }
  }

  get runName(): string {
    return `${this.#facts.runId}:${this.#seed}`;
  }

  get ledger(): Ledger {
    return this.#journal.ledger;
  }

  get payloads(): Payloads {
    return this.#journal.payloads;
  }

  /** Neither ended nor waiting for a step or an update: it awaits something that the engine knows nothing of. */
  get stranded(): boolean {
    return !this.#ended && this.#pending.size === 0 && !this.#updates.awaited;
  }

  /** The functions that belong to a step. */
  code(step: string): StepCode | undefined {
    const [group = step, ...branch] = step.split('/');
    const code = this.#steps.get(group);
    return branch.length === 0 ? code : code?.branch?.(branch.join('/'));
  }

  async start(input: Json, seed: string, baggage?: Baggage): Promise<void> {
    this.#seed = seed;
    this.#baggage = baggageView(baggage);
    const whole = this.payloads.checkOut(input);
    await this.#turn(() => void enterWorkflow(() => this.#run(whole)));
  }

  /** Hands results to the code that awaits them, and lets it go on until it rests. */
  async settle(settled: readonly { readonly step: string; readonly result: Result }[]): Promise<void> {
    await this.#turn(() => {
      for (const { step, result } of settled) this.#settle(step, result);
    });
  }

  /** Hands an update to its handler, if there is one, and lets that go on until it rests. */
  async update(update: Updated): Promise<void> {
    await this.#turn(() => this.#updates.came(update));
  }

  /** Runs the function of a side effect. What it does before its first await is watched as a turn is. */
  async effect(step: string, attempt: EffectAttempt): Promise<{ readonly value: unknown }> {
    await this.#watch?.enter(this.#facts.runId);
    try {
      // Not awaited: the rest of it may wait for anything.
      return { value: this.code(step)?.effect?.(attempt) };
    } finally {
      this.#watch?.leave();
    }
  }

  /** What the queries of the run answer now; undefined where it has none. */
  async answers(): Promise<ReturnType<Queries['answers']> | undefined> {
    if (!this.#queries.any) return undefined;
    await this.#watch?.enter(this.#facts.runId);
    try {
      return this.#queries.answers();
    } finally {
      this.#watch?.leave();
    }
  }

  step<Name extends Op, T>(request: StepRequest<Name, T>): Promise<T> {
    const stopped = this.#stopped(`wf.${request.op}`);
    if (stopped) return stopped;
    const { op, name, begin, input: _input, refuse: _refuse, ...code } = request;
    let begun: ReturnType<Journal['begin']>;
    try {
      begun = this.#journal.begin(op, name, this.#interception?.around(request) ?? begin);
    } catch (error) {
      if (!(error instanceof Uninterceptable)) throw error;
      this.#end({ ok: false, failure: error.failure });
      return never();
    }
    if (!begun) return never();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Nobody may be awaiting it: then its failure is nobody's.
    promise.catch(() => {});
    this.#steps.set(begun.id, code);
    this.#pending.set(begun.id, { code, resolve, reject });
    this.#scopes.began(begun.id);
    if (begun.result) this.#settle(begun.id, begun.result);
    return promise;
  }

  get #canBegin(): boolean {
    return this.#going && !this.#ended && !this.ledger.interrupted;
  }

  /** Lets go of steps of the code: where they are awaited, `StepCancelled` is thrown. */
  #cancel(name: string, steps: readonly string[]): void {
    // An interrupted run is undone as a whole, and one that has ended has let go of all.
    if (!this.#going) this.#foreign('a scope was cancelled');
    if (!this.#canBegin) return;
    const begun = this.#journal.begin('cancel', name, () => ({ steps: this.ledger.cancellable(steps) }));
    const step = begun && this.ledger.steps.get(begun.id);
    if (!(step instanceof CancelStep)) return;
    for (const id of step.entry.steps) {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      pending?.reject(cancelled());
    }
  }

  async #run(input: Json): Promise<void> {
    try {
      const { name, input: schema } = this.#definition;
      const order = parseAs(schema, input, 'SchemaMismatch', `the input of the workflow ${name}`);
      const output = await this.#definition.run(this.#context(), order);
      if (this.#updates.answering) await lastOfTurn();
      this.#end({ ok: true, output });
    } catch (error) {
      if (this.#updates.answering) await lastOfTurn();
      this.#end({ ok: false, failure: toFailure(error, 'WorkflowFailed') });
    }
  }

  #end(result: Parameters<Journal['end']>[0]): void {
    if (!this.#going) {
      this.#foreign('the workflow ended');
      return;
    }
    this.#ended = true;
    if (this.ledger.outcome === undefined) this.#journal.end(result);
  }

  #continueAsNew(given: unknown): Promise<never> {
    const stopped = this.#stopped('wf.continueAsNew');
    if (stopped) return stopped;
    const { name, input: schema } = this.#definition;
    const what = `the input of the workflow ${name}`;
    const plain = toJson(given, 'SchemaMismatch', what);
    const stable = stableValue(schema, plain, 'SchemaMismatch', what) ?? null;
    const limits = takenLimits(this.contract, `${this.contract.name}.${name}`);
    this.#end({ ok: true, continueWith: this.payloads.checkIn(stable, limits, what) });
    return never();
  }

  #settle(step: string, result: Result): void {
    const pending = this.#pending.get(step);
    if (!pending) return;
    this.#pending.delete(step);
    if (this.#journal.live) this.#interception?.settled(this.ledger, step, result);
    if (!result.ok) {
      pending.reject(toError(result.failure));
      return;
    }
    try {
      // A copy: what the code does to it must not reach the history.
      const { value } = result;
      const whole = isClaimCheck(value) ? this.payloads.checkOut(value as Json) : structuredClone(value);
      pending.resolve(pending.code.decode(whole) as never);
    } catch (error) {
      // What is new is checked before it is taken: only a record can fail here, because the schema has changed since.
      this.#journal.park(error instanceof Parked ? error.failure : toFailure(error));
    }
  }

  /** Lets the code go on until it rests. */
  async #turn(go: () => void): Promise<void> {
    const busy = this.#watch?.enter(this.#facts.runId);
    if (busy) await busy;
    this.#budget.renew();
    this.#going = true;
    try {
      go();
      await quiescence();
    } finally {
      this.#going = false;
      this.#watch?.leave();
    }
  }

  /**
   * Counts an operation that answers at once. Code that uses them without end in one turn, such as `while (wf.now() < end)`, is parked.
   */
  #answersAtOnce<T>(answer: () => T): T {
    this.#queries.refuse('an operation of the workflow');
    if (this.#budget.operate()) return answer();
    const line = callerLine();
    const { name } = this.#definition;
    const where = line === undefined ? '' : `, at ${line}`;
    const message = `the workflow ${name} used operations without end, and awaited none that waits${where}`;
    this.#journal.park({ code: 'WorkflowStuck', message });
    throw new MeshError('WorkflowStuck', message);
  }

  #patched(id: string): boolean {
    checkName(id, 'the name of a patch');
    if (this.#stopped('wf.patched')) return true;
    const known = this.#patches.get(id) ?? this.#journal.patched(id);
    this.#patches.set(id, known);
    return known;
  }

  /** Where no step may begin any more: what the code gets instead. */
  #stopped(operation: string): Promise<never> | undefined {
    this.#queries.refuse(operation);
    if (!this.#going) {
      this.#foreign(`${operation} was used`);
      return never();
    }
    let error: MeshError | undefined;
    if (this.ledger.interrupted && this.ledger.failure) error = toError(this.ledger.failure);
    else if (this.#ended) {
      error = new MeshError('WorkflowFailed', `${operation} was used after the workflow had returned`);
      this.log.error(error.message, { line: callerLine() });
    } else error = this.#scopes.refusal;
    if (!error) return undefined;
    if (!this.#budget.refuse()) {
      // Code that catches the refusal and asks again, for ever: it is let go where it stands.
      if (this.#budget.spent) this.#log.error(`${error.message}; its code is let go`, { line: callerLine() });
      return never();
    }
    const refused = Promise.reject(error);
    refused.catch(() => {});
    return refused;
  }

  #foreign(what: string): void {
    this.#log.error(`${what} after an await of something that is not a workflow operation`, {
      code: 'ForeignAwait',
      line: callerLine(),
    });
  }

  /** Silent on replay. */
  get log(): Log {
    return this.#journal.live ? this.#log : silentLog;
  }

  #context(): WorkflowContext {
    return {
      ...this.#facts,
      baggage: this.#baggage,
      log: lazyLog(() => this.#answersAtOnce(() => this.log)),
      call: call(this),
      child: child(this),
      continueAsNew: (input) => this.#continueAsNew(input),
      gather: gather(this),
      mapReduce: mapReduce(this),
      race: this.#scopes.race,
      scope: this.#scopes.scope,
      shield: this.#scopes.shield,
      sleep: sleep(this),
      until: until(this),
      signal: signal(this),
      signalRun: signalRun(this),
      updateRun: updateRun(this),
      onUpdate: this.#updates.on,
      sideEffect: sideEffect(this),
      publish: publish(this),
      setStatus: setStatus(this, this.#definition),
      setAttributes: setAttributes(this, this.#definition),
      onQuery: (name, answer) => this.#queries.register(name, answer),
      patched: (id) => this.#answersAtOnce(() => this.#patched(id)),
      now: () => this.#answersAtOnce(() => new Date(this.ledger.time)),
      uuid: () => this.#answersAtOnce(() => uuidOf(this.#seed, this.#uuids++)),
      random: () => this.#answersAtOnce(() => randomOf(this.#seed, this.#randoms++)),
    };
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
