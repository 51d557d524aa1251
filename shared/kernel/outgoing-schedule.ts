import type { Contract } from '../contract/agent.ts';
import { MeshError } from '../contract/errors.ts';
import { toJson } from '../contract/json.ts';
import { SCHEDULE } from '../contract/message.ts';
import { parseAs } from '../contract/parse.ts';
import { checkedPlan, type ScheduledWorkflow } from '../contract/plan-rules.ts';
import { ScheduleChange } from '../contract/schedule-plan.ts';
import type { ScheduleRequest } from './handler.ts';
import type { Send } from './route.ts';

/**
 * What a handler asks of a schedule, as a message to the agent that has it.
 *
 * @throws MeshError `CallNotDeclared`; `ScheduleInvalid` naming the field
 */
export function scheduleSend<Wire>(
  contract: Contract,
  ref: ScheduledWorkflow<Wire>,
  id: string,
  request: ScheduleRequest<Wire>,
): Send {
  const { agent } = ref;
  if (agent !== contract.name && !contract.calls.includes(agent)) {
    const message = `${contract.name} changes a schedule of ${agent}, but its contract does not call that`;
    throw new MeshError('CallNotDeclared', message, { field: 'calls' });
  }
  const what = 'the change of a schedule';
  const change = 'plan' in request ? { ...request, plan: checkedPlan(ref, request.plan) } : request;
  const json = toJson({ ...change, schedule: id }, 'ScheduleInvalid', what);
  return {
    to: { agent },
    type: SCHEDULE,
    data: toJson(parseAs(ScheduleChange, json, 'ScheduleInvalid', what)),
  };
}
