import * as z from 'zod';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import { MeshError, rejected } from '../../shared/contract/errors.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import { undo, type WorkflowContext } from '../../shared/workflow/context.ts';
import { defineWorkflow } from '../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../shared/workflow/workflow-routes.ts';
import type { FaultPlan } from './faults.ts';
import { recorder, recorderHandlers } from './recorder.ts';
import type { WorldAgent } from './world.ts';

const Id = z.object({ id: z.string() });
const Loop = z.object({ id: z.string(), page: z.number() });
const Pick = z.object({ id: z.string(), customer: z.string() });

/** What two runs of a customer may hold at a time. */
export const MOST_PICKING = 2;
export const LAST_PAGE = 4;

const rooms = defineAgent({
  name: 'rooms',
  commands: { take: { input: Id, mode: 'effect' }, leave: { input: Id, mode: 'effect' } },
});

/** Hosts the parent; its child is a run of `kids`, and its grandchild one of the same agent as the child. */
const kids = defineAgent({
  name: 'kids',
  calls: ['rooms'],
  workflows: { child: { input: Id, key: 'id' }, grandchild: { input: Id } },
});
const family = defineAgent({
  name: 'family',
  calls: ['kids', 'rooms'],
  workflows: {
    parent: { input: Id, key: 'id' },
    loop: { input: Loop, key: 'id' },
    pick: { input: Pick, key: 'id', concurrency: { key: 'customer', limit: MOST_PICKING } },
  },
});

/** The world outside: rooms that are taken and left. A room that was left before it was taken is not taken any more. */
export class Rooms {
  readonly taken = new Set<string>();
  readonly left: string[] = [];
  /** Rooms taken, ever, in order; a room twice is taken twice. */
  readonly history: string[] = [];
  mostAtOnce = 0;
  readonly #gone = new Set<string>();
  readonly #keys = new Set<string>();

  take(id: string, key: string): void {
    if (this.#keys.has(key)) return;
    if (this.#gone.has(id)) throw rejected('left', 'it was left before');
    this.#keys.add(key);
    this.history.push(id);
    this.taken.add(id);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.taken.size);
  }

  leave(id: string): void {
    if (this.taken.delete(id)) this.left.push(id);
    this.#gone.add(id);
  }
}

const take = (wf: WorkflowContext, id: string) =>
  wf.call(rooms.take, { id }, { compensate: undo(rooms.leave, ({ input }) => input) });

const workflows = {
  parent: defineWorkflow({
    name: 'parent',
    version: 1,
    input: Id,
    async run(wf, { id }) {
      await take(wf, `${id}-parent`);
      await wf.child(kids.child, { id });
    },
  }),
  child: defineWorkflow({
    name: 'child',
    version: 1,
    input: Id,
    async run(wf, { id }) {
      await take(wf, `${id}-child`);
      await wf.child(kids.grandchild, { id });
    },
  }),
  grandchild: defineWorkflow({
    name: 'grandchild',
    version: 1,
    input: Id,
    async run(wf, { id }) {
      await take(wf, `${id}-grandchild`);
      await wf.sleep('1h');
    },
  }),
  loop: defineWorkflow({
    name: 'loop',
    version: 1,
    input: Loop,
    async run(wf, { id, page }): Promise<void> {
      await wf.call(rooms.take, { id: `${id}-${page}` });
      if (page < LAST_PAGE) await wf.continueAsNew({ id, page: page + 1 });
    },
  }),
  pick: defineWorkflow({
    name: 'pick',
    version: 1,
    input: Pick,
    async run(wf, { id }) {
      await take(wf, id);
      await wf.sleep('1m');
      await wf.call(rooms.leave, { id });
    },
  }),
};

export function lifeMesh(outside: Rooms, plan: FaultPlan): WorldAgent[] {
  /** A call to the world outside, which goes wrong as planned. */
  const reach = (work: () => void): void => {
    const fault = plan.next('provider');
    if (fault === 'refused') throw new MeshError('ProviderFailed', 'the house is shut');
    work();
    if (fault !== undefined) throw new MeshError('ProviderFailed', 'the answer of the house was lost');
  };
  const handlers = {
    take: ({ id }, { idempotencyKey }) => reach(() => outside.take(id, idempotencyKey)),
    leave: ({ id }) => reach(() => outside.leave(id)),
  } satisfies HandlersOf<typeof rooms>;
  const { child, grandchild, ...hosted } = workflows;
  const host = (
    contract: WorldAgent['contract'],
    definitions: Parameters<typeof workflowRoutes>[0]['definitions'],
  ): WorldAgent => ({
    contract,
    routes: ({ clock, ids }) => workflowRoutes({ contract, definitions, clock, ids }),
  });
  return [
    host(family.contract, Object.values(hosted)),
    host(kids.contract, [child, grandchild]),
    {
      contract: rooms.contract,
      routes: ({ clock, secrets }) =>
        handlerRoutes({ contract: rooms.contract, handlers, clock, secrets, env: {} }),
    },
    {
      contract: recorder.contract,
      routes: ({ clock, secrets }) =>
        handlerRoutes({ contract: recorder.contract, handlers: recorderHandlers, clock, secrets, env: {} }),
    },
  ];
}
