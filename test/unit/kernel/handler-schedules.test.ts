import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { SCHEDULE } from '../../../shared/contract/message.ts';
import { schedulePath } from '../../../shared/contract/names.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { scheduleSend } from '../../../shared/kernel/outgoing-schedule.ts';
import { decodeRun, defineWorkflow } from '../../../shared/workflow/index.ts';
import { decodeSchedule } from '../../../shared/workflow/schedules/index.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import { World } from '../../support/world.ts';

const Day = z.object({ day: z.string() });

const office = defineAgent({ name: 'office', workflows: { report: { input: Day, output: z.string() } } });
const report = defineWorkflow({
  name: 'report',
  version: 1,
  input: Day,
  output: z.string(),
  run: async (wf, { day }) => `${day} ${wf.now().toISOString()}`,
});

const planner = defineAgent({
  name: 'planner',
  calls: ['office'],
  commands: { plan: { input: z.object({ customer: z.string() }) } },
});
const handlers = {
  plan: ({ customer }, ctx) => {
    ctx.schedule(office.report, customer, { op: 'create', plan: { every: '1h', input: { day: 'today' } } });
    ctx.send(office.report, { day: 'later' }, { at: new Date(ctx.now().getTime() + 7_200_000) });
  },
} satisfies HandlersOf<typeof planner>;

test('a handler makes a schedule, and starts a run for later, once, however often it is delivered', async () => {
  const world = new World({
    agents: [
      {
        contract: planner.contract,
        routes: ({ clock, secrets, store }) =>
          handlerRoutes({ contract: planner.contract, handlers, clock, secrets, store, env: {} }),
      },
      {
        contract: office.contract,
        routes: ({ clock, ids }) =>
          workflowRoutes({ contract: office.contract, definitions: [report], clock, ids }),
      },
    ],
  });
  for (const _ of ['once', 'twice'])
    world.command('planner', 'plan', { customer: 'ada' }, { 'ce-id': 'plan-1' });
  await world.settle(3 * 3_600_000 + 1_000);
  const document = world.store.documents.get(schedulePath('office', 'ada'));
  expect(document && decodeSchedule(document).counts.started).toBe(3);
  const runs = [...world.store.documents.values()]
    .filter(({ path }) => path.startsWith('workflows/'))
    .map(decodeRun);
  expect(runs.filter(({ schedule }) => schedule === 'ada')).toHaveLength(3);
  const later = runs.filter(({ output }) => String(output).startsWith('later'));
  expect(later).toMatchObject([{ status: 'completed' }]);
});

test('a handler is refused what its contract, or the workflow, does not allow', () => {
  const { contract } = planner;
  const change = { op: 'pause', note: 'x' } as const;
  expect(scheduleSend(contract, office.report, 'ada', change)).toEqual({
    to: { agent: 'office' },
    type: SCHEDULE,
    data: { ...change, schedule: 'ada' },
  });
  const refused = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const other = { ...office.report, agent: 'elsewhere' };
  expect(refused(() => scheduleSend(contract, other, 'ada', change))).toMatchObject({
    code: 'CallNotDeclared',
  });
  expect(refused(() => scheduleSend(contract, office.report, 'a b', change))).toMatchObject({
    code: 'ScheduleInvalid',
    field: 'schedule',
  });
  const plan = { every: '1h', input: { day: 7 } } as never;
  expect(refused(() => scheduleSend(contract, office.report, 'ada', { op: 'create', plan }))).toMatchObject({
    code: 'ScheduleInvalid',
    field: 'input.day',
  });
});
