import type { Failure } from '../../contract/failure.ts';
import type { CallCommand, Command } from '../command.ts';
import type { ChildEntry, Replied } from '../entry.ts';
import type { Progress } from '../step.ts';
import { CallStep } from './call-step.ts';

/** Of what the message dies that starts a child after the commit by which it began: what it sends could not be published. */
const DEATHS: ReadonlySet<Failure['code']> = new Set([
  'DeliveriesExhausted',
  'BusUnavailable',
  'TimersUnavailable',
  'StoreUnavailable',
]);

/**
 * A run of another workflow: a call whose answer is that run's end. What sets it apart from a call is that it can be ended, that it
 * undoes what it did by itself, and that the run which undoes its own steps waits for that.
 */
export class ChildStep extends CallStep {
  readonly #child: ChildEntry;
  /** Its end was heard of, or that it never began. */
  #over = false;
  #failed: Failure | undefined;

  constructor(entry: ChildEntry, at: number) {
    super(entry, at);
    this.#child = entry;
  }

  /** Awaited, given up, and not ended as far as is known. */
  get underWay(): boolean {
    const given = this.status === 'failed' || this.left;
    return given && !this.#over && !this.#child.detached && !this.#child.refused;
  }

  /** It could not undo all that it did, and nothing that undoes it as a whole is known to this run. */
  get undoneInPart(): boolean {
    return this.#failed?.code === 'CompensationFailed' && !this.#child.undo;
  }

  override begin(): Progress {
    const { run, detached } = this.#child;
    if (!detached || !run) return super.begin();
    this.effect = 'none';
    return this.settle(this.startedAt, { ok: true, value: { runId: run.id } }, [this.dispatch()]);
  }

  protected override dispatch(): CallCommand {
    const { run, detached } = this.#child;
    return { ...super.dispatch(), ...(run && { idFrom: run.startedBy }), ...(detached && { detached }) };
  }

  override abandon(how: 'cancel' | 'terminate'): readonly Command[] {
    const before = this.status;
    super.abandon(how);
    // One that timed out was told to end then.
    if (!this.underWay || (before !== 'open' && how === 'cancel')) return [];
    return this.#end(how);
  }

  protected override succeeded(event: Replied): Progress | undefined {
    const heard = this.#over || this.status === 'ignored';
    this.#over = true;
    return super.succeeded(event) ?? (heard ? undefined : {});
  }

  protected override failed(at: number, failure: Failure, answered = true): Progress {
    const progress = super.failed(at, failure, answered);
    if (!answered) return { ...progress, commands: this.#end('cancel') };
    this.#over = true;
    this.#failed = failure;
    // It may have begun all the same. Nobody waits for it: where it has not, nobody would answer.
    return this.doubtful && DEATHS.has(failure.code)
      ? { ...progress, commands: this.#end('cancel') }
      : progress;
  }

  /** Its end, where a run that gave it up waits for it. */
  protected override refusedLate(failure: Failure, undone: true | undefined): Progress | undefined {
    if (this.#over || this.status === 'ignored') return undefined;
    this.#over = true;
    this.#failed = failure;
    if (undone) this.effect = 'none';
    return {};
  }

  #end(how: 'cancel' | 'terminate'): Command[] {
    const { run, agent, id: step } = this.#child;
    return run ? [{ do: 'end-child', how, agent, run, step }] : [];
  }
}
