import type { Contract } from '../../contract/agent.ts';
import {
  type ClaimCheck,
  MOST_CLAIM_CHECK_BYTES,
  type PayloadBlob,
  type PayloadLimits,
} from '../../contract/claim-check.ts';
import { milliseconds } from '../../contract/duration.ts';
import { encodeMessage } from '../../contract/envelope.ts';
import { hasCode, MeshError } from '../../contract/errors.ts';
import type { Json } from '../../contract/json.ts';
import { derivedId, digest, inputDigest as inputDigestOf } from '../../contract/keys.ts';
import { SLOT, TIMER } from '../../contract/message.ts';
import { runPath, topicOf } from '../../contract/names.ts';
import { takenLimits } from '../../contract/payload-limits.ts';
import type { Ports } from '../../contract/ports.ts';
import type { SlotChange } from '../../contract/reply.ts';
import type { Write } from '../../contract/store.ts';
import { inTenantScope } from '../../contract/tenant-scope.ts';
import { Blobs } from '../../kernel/blobs.ts';
import { allChecks } from '../claim-checks.ts';
import type { WorkflowDefinition } from '../definition.ts';
import type { Entry, RunEvent, Started } from '../entry.ts';
import { blankRun } from '../fresh-run.ts';
import { refusedFor } from '../parked.ts';
import { Payloads } from '../payloads.ts';
import { lookedAfter } from '../renewal.ts';
import { attributesIn, decodeAttributes, encodeAttributes } from '../run-attributes.ts';
import { append } from '../run-history.ts';
import { encodeRun, type RunRecord } from '../run-record.ts';
import { attributesGiven, slotValueOf, waiting } from '../start-route.ts';
import type { Timer } from '../timer.ts';
import { requireMatch } from './check-history.ts';
import { type Cut, cutHistory, type Repeated } from './cut.ts';
import type { RecordedRun } from './recorded-run.ts';

/** The code that the new run will be brought on by, where it is at hand. */
export interface Code {
  readonly definition: WorkflowDefinition;
  readonly contract: Contract;
}

export interface RerunOptions {
  /** The first step to take anew. Left out: the whole run is repeated, from its input on. */
  readonly from?: string;
  /** In place of the origin's input. Steps before `from` stay as they were, done with the old one. */
  readonly input?: Json;
  /** The version that the new run keeps to. Default: that of `code`, or else of the origin. */
  readonly version?: number;
  /** Holds what is taken over against this code first. Left out: the new run is `blocked` where it does not match. */
  readonly code?: Code;
}

export interface ForkOptions {
  /** Of the version to go on by. */
  readonly code: Code;
  /** The first step to take anew. Left out: as late as can be. */
  readonly from?: string;
}

/** A run that is to repeat another, ready to be begun. */
export interface Rerun {
  readonly run: RunRecord;
  /** Of the history that it takes over. */
  readonly pages: readonly Write[];
  /** An input that is too large to inline. */
  readonly blobs: readonly PayloadBlob[];
  /** The payloads that what it takes over refers to. */
  readonly renews: readonly ClaimCheck[];
  /** What the origin had done, and the new run will do again as long as its code does the same. */
  readonly repeats: readonly Repeated[];
}

/** Who looks after the mesh: where its messages go, and under which name. */
export interface Operator {
  /** What the mesh's resource names begin with. */
  readonly prefix: string;
  /** The `source` of the messages that it sends, such as `/mesh-cli`. */
  readonly source: string;
}

const PAGES_AT_A_TIME = 10;
/** Of an input whose contract is not known. */
const INLINE_BYTES = 100_000;

type PlanPorts = Pick<Ports, 'clock' | 'ids'>;

/**
 * A run that repeats `origin`, all of it or from a step on. It is always a new run, linked to its origin by `rerunOf`; nothing is written
 * yet. The compensations of the steps that it takes over are its own from then on, with the inputs that they were registered with: when
 * it fails, they are run (I8).
 *
 * @throws MeshError `RunActive` for a step of a run that goes on, whose compensations are still its own; `StepUndone`; `UsageInvalid`
 * for a step that it does not have; `NonDeterministic` naming the first differing command, and others that park a run
 */
export async function planRerun(
  ports: PlanPorts,
  origin: RecordedRun,
  options: RerunOptions = {},
): Promise<Rerun> {
  const { from, input, code, version = code?.definition.version ?? origin.run.version } = options;
  if (from !== undefined) checkEnded(origin.run);
  const cut = cutHistory(origin.history, from === undefined ? 'start' : { before: from });
  const { payloads = new Payloads(), run } = origin;
  const started =
    input === undefined
      ? undefined
      : {
          input: payloads.checkIn(input, limitsOf(run, code), 'the input'),
          // Without the code nobody knows what follows from the input.
          ...(code && {
            attributes: encodeAttributes(attributesGiven(code.contract, run.workflow, input) ?? {}),
          }),
        };
  return plan(ports, run, withInput(cut, started, ports), { version, payloads, ...(code && { code }) });
}

/**
 * A run that takes over as much of `origin` as can be, and goes on by another version: for a run that failed by a fault in its code.
 * Nothing is written yet. What is taken over is replayed against that version first.
 *
 * @throws MeshError as `planRerun`
 */
export async function planFork(ports: PlanPorts, origin: RecordedRun, options: ForkOptions): Promise<Rerun> {
  const { code, from } = options;
  checkEnded(origin.run);
  const cut = cutHistory(origin.history, from === undefined ? 'end' : { before: from });
  const { payloads = new Payloads(), run } = origin;
  return plan(ports, run, cut, { version: code.definition.version, payloads, code });
}

/**
 * Begins a planned run. Its document is there before its agent is told: whoever dies in between leaves a run that is `blocked`, or
 * waits for a slot, and begins when this is called again.
 *
 * Its pages are encrypted with the key of its tenant, as its document is.
 *
 * @throws MeshError `StoreUnavailable`, `BusUnavailable`
 */
export function beginRerun(...[ports, operator, rerun]: Parameters<typeof begin>): Promise<void> {
  return inTenantScope(rerun.run.tenant, () => begin(ports, operator, rerun));
}

async function begin(
  { store, bus, clock }: Pick<Ports, 'store' | 'bus' | 'clock'>,
  { prefix, source }: Operator,
  { run, pages, blobs, renews }: Rerun,
): Promise<void> {
  const { runId, agent, workflow, correlationId, rechecks, deadlineAt, renewAt, slot } = run;
  const payloads = new Blobs(store, clock);
  await payloads.write(blobs);
  await payloads.renew(renews);
  // A page may take half a megabyte, and a request 10 MiB.
  for (let at = 0; at < pages.length; at += PAGES_AT_A_TIME)
    await store.commit(pages.slice(at, at + PAGES_AT_A_TIME));
  try {
    await store.commit([{ kind: 'create', path: runPath(runId), fields: encodeRun(run) }]);
  } catch (error) {
    // The id is a random one: only this very run can be there, written by an attempt whose answer was lost.
    if (!hasCode(error, 'AlreadyExists')) throw error;
  }
  const time = new Date(clock.now()).toISOString();
  const timer = (data: Timer, more: { readonly notBefore?: string } = {}) => {
    const id = derivedId(runId, data.timer);
    return encodeMessage({ id, source, type: TIMER, time, correlationId, runId, data, ...more });
  };
  const entry = () => {
    const data = { workflow, value: slot?.value ?? '', runId, enter: true } satisfies SlotChange;
    const id = derivedId(runId, 'slot');
    return encodeMessage({ id, source, type: SLOT, time, correlationId, data });
  };
  await bus.publish(topicOf(prefix, agent), [
    slot ? entry() : timer({ timer: 'recheck', recheck: rechecks }),
    ...(deadlineAt
      ? [timer({ timer: 'deadline', at: deadlineAt.getTime() }, { notBefore: deadlineAt.toISOString() })]
      : []),
    ...(renewAt
      ? [timer({ timer: 'renew', at: renewAt.getTime() }, { notBefore: renewAt.toISOString() })]
      : []),
  ]);
}

/** As long after its beginning as its version gives it, or else as its origin had. */
function deadlineOf({ workflow, createdAt, deadlineAt }: RunRecord, code: Code | undefined, now: number) {
  if (!code) return deadlineAt && new Date(now + deadlineAt.getTime() - createdAt.getTime());
  const deadline = code.definition.deadline ?? code.contract.workflows[workflow]?.deadline;
  return deadline === undefined ? undefined : new Date(now + milliseconds(deadline));
}

/** The input of the new run; a seed of its own where it takes nothing over that was made with the old one. */
function withInput(
  cut: Cut,
  started: Partial<Pick<Started, 'input' | 'attributes'>> | undefined,
  { ids }: PlanPorts,
): Cut {
  const renewed = <E extends Entry>(entry: E): E =>
    entry.e === 'started' ? { ...entry, ...started } : entry;
  const event = renewed(cut.event);
  return {
    ...cut,
    copied: cut.copied.map(renewed),
    event: event.e === 'started' ? { ...event, seed: ids.uuid() } : event,
  };
}

async function plan(
  { clock, ids }: PlanPorts,
  origin: RunRecord,
  { copied, event, repeats, from }: Cut,
  {
    version,
    code,
    payloads,
  }: { readonly version: number; readonly code?: Code; readonly payloads: Payloads },
): Promise<Rerun> {
  const runId = digest('rerun', origin.runId, ids.uuid());
  const { workflow, agent, key, correlationId } = origin;
  const blobs = payloads.takeFresh();
  if (code) await requireMatch(copied, { ...code, facts: { runId, key } }, payloads);
  const latest = copied.findLast((entry) => 'at' in entry);
  const now = clock.now();
  // As if it had come now: what the workflow does next has its time, and its timeouts, from it.
  const at = Math.max(now, latest && 'at' in latest ? latest.at : 0);
  const [started] = [...copied, event];
  const deadlineAt = deadlineOf(origin, code, now);
  const input = started?.e === 'started' ? wholeOf(started.input, payloads) : null;
  const inputDigest = inputDigestOf(input);
  const renews = [...allChecks([...copied, event]).values()];
  const named = { runId, workflow, version, agent, key, correlationId, inputDigest, waiters: [] };
  const slot = slotOf(origin, code, input);
  const attributes = decodeAttributes(attributesIn([...copied, event]));
  const blank: RunRecord = {
    ...blankRun(named, now),
    kept: [{ ...event, at } satisfies RunEvent],
    ...(slot ?? PARKED),
    ...(deadlineAt && { deadlineAt }),
    ...(origin.baggage && { baggage: origin.baggage }),
    ...(origin.tenant !== undefined && { tenant: origin.tenant }),
    ...(attributes && { attributes }),
    rerunOf: { runId: origin.runId, ...(from !== undefined && { from }) },
  };
  const { run } = renews.length > 0 ? lookedAfter(blank, now) : { run: blank };
  const { paged, writes } = append(run, copied);
  return { run: { ...run, ...paged }, pages: writes, repeats, blobs, renews };
}

/** @throws MeshError `ClaimCheckLost`, `ClaimCheckDamaged` */
function wholeOf(payload: Json, payloads: Payloads): Json {
  try {
    return payloads.checkOut(payload);
  } catch (error) {
    throw refusedFor(error);
  }
}

/** Without the code, the input is taken as it is: who brings the run on holds it to its schema. */
function limitsOf({ workflow }: RunRecord, code: Code | undefined): PayloadLimits {
  if (!code) return { inlineBytes: INLINE_BYTES, claimCheckBytes: MOST_CLAIM_CHECK_BYTES };
  return takenLimits(code.contract, `${code.contract.name}.${workflow}`);
}

/** Parked with the event that it goes on with: its agent brings it on as any run whose code has come. */
const PARKED = {
  status: 'blocked',
  failure: { code: 'RunBlocked', message: 'the run has not begun yet' },
  rechecks: 1,
  checks: 1,
} as const satisfies Partial<RunRecord>;

/** A place in the queue that it has still to be given, where its workflow limits how many may run: then it begins when it has a slot. */
function slotOf(
  origin: RunRecord,
  code: Code | undefined,
  input: Json,
): Pick<RunRecord, 'status' | 'waitingFor' | 'slot'> | undefined {
  const { workflow, slot } = origin;
  if (!code) {
    if (!slot) return undefined;
    return { status: 'waiting', waitingFor: ['a slot'], slot: { value: slot.value, held: false } };
  }
  const spec = code.contract.workflows[workflow];
  if (!spec?.concurrency) return undefined;
  const value = slotValueOf(`${code.contract.name}.${workflow}`, spec, input);
  return { ...waiting(spec, value), slot: { value, held: false } };
}

function checkEnded({ runId, status, endedAt }: RunRecord): void {
  if (endedAt) return;
  throw new MeshError('RunActive', `the run ${runId} is ${status}: what it did may still be undone by it`);
}
