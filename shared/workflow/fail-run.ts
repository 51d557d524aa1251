import { type Failure, toFailure } from '../contract/failure.ts';
import { UPDATE } from '../contract/message.ts';
import type { Decision, DecisionRequest } from '../kernel/route.ts';
import { endErased } from './erased-run.ts';
import { decisionOf, type Host, replay } from './host.ts';
import { Ledger } from './ledger.ts';
import { RunFault } from './parked.ts';
import { Payloads } from './payloads.ts';
import { readHistory } from './run-history.ts';
import { decodeRun, type RunRecord } from './run-record.ts';

/** What a run fails with that can't be brought on, or whose document the store refuses. */
export function faultOf(error: unknown): Failure {
  const failure = toFailure(error instanceof RunFault ? error.cause : error, 'WorkflowFailed');
  return { ...failure, message: `the run can't go on: ${failure.message}` };
}

/**
 * Ends the code of a run that can't be brought on by what came, and could not be the next time it came: it fails, and is undone. Else it would
 * stay as it is for ever, since the message is given up on (I4, I8). Undefined: its code is over already, or waits for another that matches.
 */
export async function failRun(
  host: Host,
  request: DecisionRequest,
  error: unknown,
): Promise<Decision | undefined> {
  const [document] = request.documents;
  const run = document && decodeRun(document);
  if (!run || run.agent !== host.contract.name || run.endedAt || run.status === 'blocked') return undefined;
  if (run.erased) return endErased(host, run, document?.version ?? '', request.log);
  const history = await readHistory(request, run);
  if (Ledger.of(history).outcome !== undefined) return undefined;
  const { runId, workflow, version, paused: _, slot, ...rest } = run;
  const named = { runId, workflow, version };
  const log = request.log.child(named);
  const fail = faultOf(error);
  log.error(fail.message, { code: fail.code, error });
  // What is undone waits for no slot.
  const going: RunRecord = { ...rest, ...named, ...(slot && { slot: { ...slot, held: true } }) };
  const payloads = new Payloads();
  const stand = { run: going, payloads, find: request.payloads, history: async () => history };
  const brought = await replay(host, stand, [], log, { fail });
  const decision = decisionOf(host, brought, document?.version, payloads);
  // The update that the run failed by is in no history: it is answered as one that came too late.
  if (request.message.type !== UPDATE) return decision;
  const message = `the run ${runId} failed before it took the update`;
  return { ...decision, reply: { ok: false, error: { code: 'RunEnded', message } } };
}
