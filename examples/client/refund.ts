import { createClient } from '../../shared/client/index.ts';
import { MeshError } from '../../shared/contract/index.ts';
import { carriers } from '../carriers/contract.ts';
import { cashier } from '../cashier/contract.ts';
import { refunds } from '../refunds/contract.ts';

/**
 * A program outside of the mesh, such as a web server: it starts a run, answers for a person, and commands agents. All that it knows of the
 * mesh is in its environment: `eval "$(./bin/mesh env)"` sets it for the mesh that runs here.
 */
const client = createClient({ source: '/refund-desk' });
const refundId = process.argv[2] ?? 'by-program';
const request = { refundId, orderId: 'o-1', amount: 12_000, reason: 'it arrived broken' };

const handle = await client.start(refunds['approve-refund'], request);
const { status } = await handle.read();
const [asked] = await handle.query('asked');
await handle.signal('decision', { approved: true, by: 'kim' }, { idempotencyKey: 'decision' });
const { outcome, by } = await handle.result({ timeout: '2m' });

const again = await client.start(refunds['approve-refund'], request);
const other = await client.start(refunds['approve-refund'], { ...request, amount: 99_000 }).catch(codeOf);
const payment = { refundId: `${refundId}-cash`, amount: 300 };
const key = { idempotencyKey: payment.refundId };
const { paid } = await client.command(cashier.pay, payment, key);
const refused = await client
  .command(carriers.offer, { shipmentId: refundId, carrier: 'road', weightKg: 9_000 })
  .catch(codeOf);
const workflow = refunds['approve-refund'];
const { runs } = await client.list({ workflow, attributes: { order: request.orderId, decidedBy: 'kim' } });
const large = await client.list({ workflow, status: 'completed', attributes: { amount: { from: 10_000 } } });

const report = {
  status,
  asked,
  outcome,
  by,
  sameRun: again.runId === handle.runId,
  other,
  paid,
  refused,
  listed: runs.map((run) => run.status),
  large: large.runs.map(({ key: listed, attributes }) => ({ key: listed, ...attributes })),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
await client.close();

function codeOf(error: unknown) {
  if (!(error instanceof MeshError)) throw error;
  return error.reason ?? error.code;
}
