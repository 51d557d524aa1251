import type { Contract } from '../contract/agent.ts';
import type { Log } from '../contract/log.ts';
import type { Interceptor } from '../kernel/interceptor.ts';
import type { WorkflowDefinition } from './definition.ts';
import type { RunFacts } from './journal.ts';
import type { TurnWatch } from './turn-watch.ts';

/** The code of a run, and what it is given. */
export interface RunCode {
  readonly definition: WorkflowDefinition;
  readonly contract: Contract;
  readonly facts: RunFacts;
  readonly log: Log;
  /** Left out: nobody watches its turns. */
  readonly watch?: TurnWatch | undefined;
  /** More steps than these the run can't have: code that begins more in one turn is let go. Left out: any number. */
  readonly mostSteps?: number;
  /** Around its operations, where they begin and end live. */
  readonly interceptors?: readonly Interceptor[];
}
