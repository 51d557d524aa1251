import type { Failure } from '../contract/failure.ts';
import type { Json } from '../contract/json.ts';
import type { Ledger } from './ledger.ts';
import type { Payloads } from './payloads.ts';
import type { Details, Op } from './scope.ts';
import type { Result } from './step.ts';

/** Where the coroutine's doings are written down, or on replay found. */
export interface Journal {
  readonly ledger: Ledger;
  readonly payloads: Payloads;
  /** Whether the history is behind us: what is done now is new. */
  readonly live: boolean;
  /** Begins a step. Undefined: replay found another in the history; the coroutine is not to go on (I7). */
  begin<Name extends Op>(
    op: Name,
    name: string,
    details: (id: string) => Details<Name>,
  ): { readonly id: string; readonly result: Result | undefined } | undefined;
  /** Whether the run goes the way of a patch; what is new is recorded. */
  patched(id: string): boolean;
  /** The code can't go on with what the history holds. */
  park(failure: Failure): void;
  /** The workflow's function came to its end. */
  end(
    result:
      | { readonly ok: true; readonly output: unknown }
      | { readonly ok: true; readonly continueWith: Json }
      | { readonly ok: false; readonly failure: Failure },
  ): void;
}

export interface RunFacts {
  readonly runId: string;
  readonly key: string;
}
