import { randomUUID } from 'node:crypto';
import { type CheckedIn, checkIn, claimCheckOf } from '../../shared/contract/claim-check.ts';
import { encodeMessage } from '../../shared/contract/envelope.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import { CANCEL, SIGNAL } from '../../shared/contract/message.ts';
import { topicOf } from '../../shared/contract/names.ts';
import { takenLimits } from '../../shared/contract/payload-limits.ts';
import type { GooglePorts } from '../../shared/gcp/index.ts';
import { Blobs, payloadOf } from '../../shared/kernel/index.ts';
import { type RunRecord, type RunStatus, readHistory } from '../../shared/workflow/index.ts';
import { readContracts } from '../contracts.ts';
import type { Io } from '../io.ts';
import { SOURCE } from '../messages/compose.ts';
import { readJson } from '../messages/input.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { findTarget, withPorts } from '../target.ts';
import { findRun } from './run-lookup.ts';
import { hasEnded, paintStatus } from './run-status.ts';
import { detailsOf, detailsText, type RunDetails } from './run-text.ts';
import { waitForRun } from './run-wait.ts';

export interface ShowOptions extends TargetOptions {
  readonly payloads?: boolean;
}

export async function show(io: Io, format: Format, options: ShowOptions, name: string): Promise<void> {
  const details = await withPorts(findTarget(io, options), async ({ store, clock }) => {
    const run = await findRun(store, name);
    const details = detailsOf(run, await readHistory(store, run));
    return options.payloads ? withPayloads(details, new Blobs(store, clock)) : details;
  });
  new Printer(io, format).item(details, (palette) => detailsText(details, palette));
}

/** The details with the input and the output that claim checks stand for. */
async function withPayloads(details: RunDetails, blobs: Blobs): Promise<RunDetails> {
  const whole = async (payload: Json) => {
    const check = claimCheckOf(payload);
    return check ? payloadOf(check, blobs) : payload;
  };
  const { run } = details;
  const output = run.output === undefined ? {} : { output: await whole(run.output) };
  return { ...details, input: await whole(details.input), run: { ...run, ...output } };
}

export interface SignalRequest {
  readonly run: string;
  readonly name: string;
  readonly payload: string | undefined;
}

export async function signal(
  io: Io,
  format: Format,
  options: TargetOptions,
  request: SignalRequest,
): Promise<void> {
  const payload = request.payload === undefined ? undefined : await readJson(request.payload, io);
  const target = findTarget(io, options);
  await withPorts(target, async (ports) => {
    const run = await findRun(ports.store, request.run);
    if (hasEnded(run)) {
      throw new MeshError('RunEnded', `the run ${run.runId} is ${run.status} and takes no more signals`);
    }
    const contracts = await readContracts(target.local?.agents);
    const contract = contracts.find(({ name }) => name === run.agent);
    const limits = contract && takenLimits(contract, `${run.agent}.${run.workflow}`);
    const what = `the payload of the signal "${request.name}"`;
    const sent: Partial<CheckedIn> =
      payload === undefined ? {} : limits ? checkIn(payload, limits, what) : { data: payload };
    if (sent.blob) await new Blobs(ports.store, ports.clock).write([sent.blob]);
    const data = { name: request.name, ...(sent.data !== undefined && { payload: sent.data }) };
    const id = await send(ports, { prefix: target.prefix, run, type: SIGNAL, data });
    new Printer(io, format).item(
      { id, runId: run.runId, signal: request.name },
      () => `signal ${request.name} sent to the run ${run.runId} (${run.key})`,
    );
  });
}

export interface CancelOptions extends TargetOptions {
  readonly reason?: string;
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Returns the exit code: 0 when the run is, or will be, cancelled; 1 when it had ended otherwise before. */
export async function cancel(io: Io, format: Format, options: CancelOptions, name: string): Promise<number> {
  const target = findTarget(io, options);
  return withPorts(target, async (ports) => {
    const run = await findRun(ports.store, name);
    if (hasEnded(run)) throw new MeshError('RunEnded', `the run ${run.runId} is ${run.status} already`);
    const data = options.reason === undefined ? {} : { reason: options.reason };
    const id = await send(ports, { prefix: target.prefix, run, type: CANCEL, data });
    let status: RunStatus = run.status;
    if (options.wait) status = (await waitForRun(ports, run.runId, { timeoutMs: options.timeout })).status;
    new Printer(io, format).item({ id, runId: run.runId, status }, (palette) =>
      options.wait
        ? `the run ${run.runId} (${run.key}) is ${paintStatus(status, palette)}`
        : `the run ${run.runId} (${run.key}) is asked to cancel`,
    );
    return options.wait && status !== 'cancelled' ? 1 : 0;
  });
}

export interface Sent {
  readonly prefix: string;
  readonly run: RunRecord;
  readonly type: string;
  readonly data: Json;
}

/** Sends a message to a run; returns the message's id. */
export async function send({ bus, clock }: GooglePorts, { prefix, run, type, data }: Sent): Promise<string> {
  const id = randomUUID();
  const { runId, agent, correlationId } = run;
  const time = new Date(clock.now()).toISOString();
  const wire = encodeMessage({ id, source: SOURCE, type, time, correlationId, runId, data });
  await bus.publish(topicOf(prefix, agent), [wire]);
  return id;
}
