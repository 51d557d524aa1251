import { type Duration, defineWorkflow, hasCode, undo, type WorkflowContext } from '../../shared/index.ts';
import { cashier } from '../cashier/contract.ts';
import { Decision, Desk, Outcome, RefundRequest, refunds } from './contract.ts';

/** Up to this amount nobody is asked. In cents. */
const SMALL = 5_000;

/**
 * An approval: support decides within its time, or else a manager, or else the refund expires. Who waits costs nothing: between two
 * messages there is only the run's document, and a timer.
 */
export const approveRefund = defineWorkflow({
  name: 'approve-refund',
  version: 1,
  input: RefundRequest,
  output: Outcome,
  status: Desk,
  attributes: refunds['approve-refund'].attributes,
  queries: refunds['approve-refund'].queries,
  async run(wf, { refundId, amount, patienceSeconds }) {
    const asked: Desk[] = [];
    wf.onQuery('asked', () => asked);
    const decision =
      amount <= SMALL ? { approved: true, by: 'rule' } : await ask(wf, { refundId, patienceSeconds, asked });
    if (decision?.approved) {
      await wf.call(
        cashier.pay,
        { refundId, amount },
        { timeout: '1m', compensate: undo(cashier.takeBack, () => ({ refundId })) },
      );
    }
    if (decision) wf.setAttributes({ decidedBy: decision.by });
    const outcome = decision ? (decision.approved ? 'paid' : 'refused') : 'expired';
    const settled: Outcome = { refundId, outcome, by: decision?.by ?? 'nobody' };
    wf.publish(refunds.settled, settled);
    return settled;
  },
});

/** Each desk in its turn. Undefined: nobody decided. */
async function ask(
  wf: WorkflowContext<Desk>,
  request: { readonly refundId: string; readonly patienceSeconds: number; readonly asked: Desk[] },
): Promise<Decision | undefined> {
  const { refundId, patienceSeconds, asked } = request;
  const timeout: Duration = `${patienceSeconds}s`;
  for (const desk of Desk.options) {
    wf.setStatus(desk);
    asked.push(desk);
    if (desk !== Desk.options[0]) wf.publish(refunds.escalated, { refundId, to: desk });
    try {
      return await wf.signal('decision', { schema: Decision, timeout });
    } catch (error) {
      if (!hasCode(error, 'SignalTimeout')) throw error;
    }
  }
  return undefined;
}
