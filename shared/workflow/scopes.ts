import { AsyncLocalStorage } from 'node:async_hooks';
import { milliseconds } from '../contract/duration.ts';
import { hasCode, MeshError } from '../contract/errors.ts';
import type { WorkflowContext } from './context.ts';

/** The scope that code runs in. Code outside of every scope runs in none. */
const current = new AsyncLocalStorage<ScopeNode>();

/** A part of a run's code whose steps can be cancelled together. */
class ScopeNode {
  readonly #parent = current.getStore();
  readonly #shielded: boolean;
  readonly #children: ScopeNode[] = [];
  readonly #steps: string[] = [];
  cancelled = false;

  constructor(shielded = false) {
    this.#shielded = shielded;
    if (this.#parent) this.#parent.#children.push(this);
  }

  /** Whether it, or one that it is in, was cancelled; a shield keeps off what is outside of it. */
  get stopped(): boolean {
    return this.cancelled || (!this.#shielded && (this.#parent?.stopped ?? false));
  }

  add(step: string): void {
    this.#steps.push(step);
  }

  /** Steps that began in it and in the scopes in it, but for those behind a shield. */
  *steps(): Iterable<string> {
    yield* this.#steps;
    for (const child of this.#children) if (!child.#shielded) yield* child.steps();
  }
}

/** What scopes need of the run that they belong to. */
export interface ScopedRun {
  /** Lets go of steps, and undoes those that had an effect. Nothing: where the run can begin no step any more. */
  cancel(name: string, steps: readonly string[]): void;
  /** Begins a timer. */
  timer(duration: Parameters<WorkflowContext['sleep']>[0]): Promise<void>;
}

/**
 * The cancel scopes of a run's code: `wf.race`, `wf.scope` and `wf.shield`. Which steps belong to a scope is known from the asynchronous
 * context that they begin in, and so it is the same on every replay. That they were cancelled is an entry of the history.
 */
export class Scopes {
  readonly #run: ScopedRun;

  constructor(run: ScopedRun) {
    this.#run = run;
  }

  /** A step began. */
  began(step: string): void {
    current.getStore()?.add(step);
  }

  /** What the code gets in place of a step, where its scope was cancelled. */
  get refusal(): MeshError | undefined {
    return current.getStore()?.stopped ? cancelled() : undefined;
  }

  /** Runs code that no scope holds, whoever calls it. */
  outside<T>(run: () => T): T {
    return current.exit(run);
  }

  readonly race: WorkflowContext['race'] = (branches) => {
    if (branches.length === 0) throw new TypeError('wf.race was given no branches');
    const { promise, resolve, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    const nodes = branches.map(() => new ScopeNode());
    let over = false;
    for (const [position, branch] of branches.entries()) {
      const first = (settle: () => void) => {
        if (over) return;
        over = true;
        this.#cancel(
          'race',
          nodes.filter((_, at) => at !== position),
        );
        settle();
      };
      this.#within(nodes[position], branch).then(
        (value) => first(() => resolve(value as never)),
        (error) => first(() => reject(error)),
      );
    }
    return promise;
  };

  readonly scope: WorkflowContext['scope'] = (run, { timeout } = {}) => {
    // A timer that can't be had would be a scope without any.
    if (timeout !== undefined) milliseconds(timeout, 'timeout');
    const timer = new ScopeNode();
    const node = new ScopeNode();
    let over = false;
    let timedOut = false;
    if (timeout !== undefined) {
      this.#within(timer, () => this.#run.timer(timeout)).then(
        () => {
          if (over) return;
          timedOut = true;
          this.#cancel('scope', [node]);
        },
        () => {},
      );
    }
    const cancel = () => this.#cancel('scope', [node]);
    const handle = {
      cancel,
      get cancelled() {
        return node.stopped;
      },
    };
    const ended = () => {
      over = true;
      if (timeout !== undefined && !timedOut) this.#cancel('timeout', [timer]);
    };
    const done = this.#within(node, () => run(handle)).then(
      (value) => {
        ended();
        return value;
      },
      (error) => {
        ended();
        if (!timedOut || !hasCode(error, 'StepCancelled')) throw error;
        throw new MeshError('StepTimeout', `the scope did not come to its end within ${timeout}`);
      },
    );
    done.catch(() => {});
    return done;
  };

  readonly shield: WorkflowContext['shield'] = (run) => {
    const done = this.#within(new ScopeNode(true), run);
    done.catch(() => {});
    return done;
  };

  #within<T>(node: ScopeNode | undefined, run: () => Promise<T>): Promise<T> {
    return current.run(node as ScopeNode, async () => run());
  }

  /** A scope that is in one which was cancelled has been cancelled with it. */
  #cancel(name: string, nodes: readonly ScopeNode[]): void {
    const live = nodes.filter((node) => !node.stopped);
    for (const node of live) node.cancelled = true;
    if (live.length > 0)
      this.#run.cancel(
        name,
        live.flatMap((node) => [...node.steps()]),
      );
  }
}

export function cancelled(): MeshError {
  return new MeshError('StepCancelled', 'the scope that the step is in was cancelled');
}
