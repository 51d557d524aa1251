import type { Contract } from '../contract/agent.ts';
import type { Clock } from '../contract/clock.ts';
import { type Duration, milliseconds } from '../contract/duration.ts';
import type { Ids } from '../contract/ids.ts';
import { SCHEDULE, SLOT, SWEEP } from '../contract/message.ts';
import type { Interceptor } from '../kernel/interceptor.ts';
import type { Route } from '../kernel/route.ts';
import type { WorkflowDefinition } from './definition.ts';
import { definitionsOf } from './definitions.ts';
import type { Host } from './host.ts';
import { RESUMING, resumeRoute } from './resume-route.ts';
import { RUN_LIMITS, type RunLimits } from './run-limits.ts';
import { scheduleRoute } from './schedules/schedule-route.ts';
import { slotRoute } from './slot-route.ts';
import { startRoute } from './start-route.ts';
import { sweepRoute } from './sweep-route.ts';
import type { TurnWatch } from './turn-watch.ts';
import { WarmRuns } from './warm-runs.ts';

export interface WorkflowRoutesOptions {
  /** The agent that hosts the workflows. */
  readonly contract: Contract;
  /** Each workflow of the contract, in one version or several: a run keeps to the version that it began with (I7). */
  readonly definitions: readonly WorkflowDefinition[];
  readonly clock: Clock;
  readonly ids: Ids;
  /** How long a run's document is kept after its end. Default `30d`. */
  readonly retention?: Duration;
  /** How far a run may go. */
  readonly limits?: Partial<RunLimits>;
  /** Watches the turns of workflow code. Left out: code that never rests keeps the process from doing anything else. */
  readonly watch?: TurnWatch | undefined;
  /** The name of the build of this code: a run that got stuck in a build is not tried by that build again. */
  readonly build?: string | undefined;
  /** Around each operation, the first outermost. */
  readonly interceptors?: readonly Interceptor[];
}

/**
 * The routes of an agent that hosts workflows: `<agent>.<workflow>` starts a run; `mesh.reply`, `mesh.signal`, `mesh.timer` and
 * `mesh.cancel` bring one on. Each reads and writes one document, `workflows/{runId}` (I5).
 *
 * @throws MeshError `ContractInvalid` when the contract and the definitions do not name the same workflows
 */
export function workflowRoutes(options: WorkflowRoutesOptions): ReadonlyMap<string, Route> {
  const { contract, definitions, clock, ids, retention = '30d', watch, build } = options;
  const { interceptors = [] } = options;
  const limits = { ...RUN_LIMITS, ...options.limits };
  const held = definitionsOf(contract, definitions);
  const warm = new WarmRuns();
  const retentionMs = milliseconds(retention);
  const surroundings = { contract, definitions: held, clock, ids, watch, build, interceptors };
  const host: Host = { ...surroundings, retentionMs, warm, limits };
  const routes = new Map<string, Route>();
  for (const [workflow, spec] of Object.entries(contract.workflows))
    routes.set(`${contract.name}.${workflow}`, startRoute(host, workflow, spec));
  if (routes.size > 0)
    routes.set(SLOT, slotRoute(host)).set(SWEEP, sweepRoute(host)).set(SCHEDULE, scheduleRoute(host));
  if (routes.size > 0) for (const type of RESUMING) routes.set(type, resumeRoute(host, type));
  return routes;
}
