import { isDeepStrictEqual } from 'node:util';
import { MeshError } from '../contract/errors.ts';
import { schedulePath, schedulesOf } from '../contract/names.ts';
import { checkedPlan, type PlanFor, type ScheduledWorkflow } from '../contract/plan-rules.ts';
import { decodeSchedule } from '../workflow/schedules/index.ts';
import type { MeshAccess } from './mesh-access.ts';
import type { SendOnce } from './run-handle.ts';
import { factsOfSchedule, type ScheduleFacts, ScheduleHandle } from './schedule-handle.ts';

export interface CreateScheduleOptions extends SendOnce {
  /** Makes it paused, and says why. */
  readonly paused?: string;
}

const PAGE = 100;

/**
 * The schedules that are made at run time: they start runs of a workflow at set times. Those of contracts are not among them. A schedule belongs to the
 * agent that hosts the workflow, which needs nothing besides.
 *
 * @example
 * const nightly = await client.schedules.create(reports['daily-report'], 'berlin', {
 *   cron: '0 6 * * 1-5', timeZone: 'Europe/Berlin', input: { day: 'yesterday' },
 * });
 * await nightly.pause({ note: 'the office is closed' });
 */
export class Schedules {
  readonly #mesh: MeshAccess;

  constructor(mesh: MeshAccess) {
    this.#mesh = mesh;
  }

  /**
   * Makes a schedule. Resolves once that is durable. One of the same name and plan that is there already is that schedule.
   *
   * @throws MeshError `ScheduleInvalid` naming the field; `ScheduleExists` for another plan under the name; `BusUnavailable`: it may have been made
   */
  async create<Wire>(
    ref: ScheduledWorkflow<Wire>,
    id: string,
    plan: PlanFor<NoInfer<Wire>> | PlanFor<Partial<NoInfer<Wire>>>,
    { paused, ...options }: CreateScheduleOptions = {},
  ): Promise<ScheduleHandle> {
    const checked = checkedPlan(ref, plan);
    const [found] = await this.#mesh.ports.store.read([schedulePath(ref.agent, id)]);
    if (found && isDeepStrictEqual(decodeSchedule(found).plan, checked)) return this.of(ref.agent, id);
    if (found)
      throw new MeshError(
        'ScheduleExists',
        `${ref.agent} has a schedule ${JSON.stringify(id)} with another plan`,
        {
          field: 'schedule',
        },
      );
    const handle = new ScheduleHandle(this.#mesh, ref.agent, id, true);
    await handle.tell({ op: 'create', plan: checked, ...(paused !== undefined && { paused }) }, options);
    return handle;
  }

  /**
   * Gives a schedule another plan, from now on.
   *
   * @throws MeshError `ScheduleInvalid` naming the field
   */
  async update<Wire>(
    ref: ScheduledWorkflow<Wire>,
    id: string,
    plan: PlanFor<NoInfer<Wire>> | PlanFor<Partial<NoInfer<Wire>>>,
    options: SendOnce = {},
  ): Promise<ScheduleHandle> {
    const handle = this.of(ref.agent, id);
    await handle.tell({ op: 'update', plan: checkedPlan(ref, plan) }, options);
    return handle;
  }

  /** A schedule of an agent by its name. Nothing is read. */
  of(agent: string, id: string): ScheduleHandle {
    return new ScheduleHandle(this.#mesh, agent, id);
  }

  /** The schedules of an agent, the oldest first, a page at a time. `after` is the last one of the page before. */
  async list(
    agent: string,
    { limit = PAGE, after }: { readonly limit?: number; readonly after?: ScheduleFacts | undefined } = {},
  ): Promise<readonly ScheduleFacts[]> {
    const documents = await this.#mesh.ports.store.query({
      collection: schedulesOf(agent),
      orderBy: { field: 'createdAt' },
      ...(after && { startAfter: { value: after.createdAt, path: schedulePath(agent, after.id) } }),
      limit,
    });
    return Promise.all(documents.map((document) => factsOfSchedule(decodeSchedule(document))));
  }
}
