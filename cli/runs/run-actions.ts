import { RunHandle } from '../../shared/client/run-handle.ts';
import { findRun } from '../../shared/client/run-lookup.ts';
import { claimCheckOf } from '../../shared/contract/claim-check.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import { refOf } from '../../shared/contract/refs.ts';
import { Blobs, payloadOf } from '../../shared/kernel/index.ts';
import {
  answerTo,
  type RunRecord,
  type RunStatus,
  readHistory,
  stepProgress,
} from '../../shared/workflow/index.ts';
import { readContracts } from '../contracts.ts';
import type { Io } from '../io.ts';
import { readJson } from '../messages/input.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { timeText } from '../output/time.ts';
import { findTarget, waitFor, withMesh, withPorts } from '../target.ts';
import { paintStatus } from './run-status.ts';
import { detailsOf, detailsText, failureText, type RunDetails } from './run-text.ts';

export interface ShowOptions extends TargetOptions {
  readonly payloads?: boolean;
}

export async function show(io: Io, format: Format, options: ShowOptions, name: string): Promise<void> {
  const details = await withPorts(findTarget(io, options), async ({ store, clock }) => {
    const run = await findRun(store, name);
    const history = await readHistory(store, run);
    const details = detailsOf(run, history, await stepProgress(store, run, history));
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
  await withMesh(target, async (mesh) => {
    const run = await findRun(mesh.ports.store, request.run);
    const { runId, key } = run;
    const ref = await workflowOf(run, target.local?.agents);
    const handle = new RunHandle(mesh, { runId, ...(ref && { ref }) });
    const { id } = await handle.signal(request.name, payload);
    new Printer(io, format).item(
      { id, runId, signal: request.name },
      () => `signal ${request.name} sent to the run ${runId} (${key})`,
    );
  });
}

export interface UpdateOptions extends TargetOptions {
  /** Milliseconds. */
  readonly timeout: number;
}

/** Sends an update to a run, and waits for its answer. */
export async function update(
  io: Io,
  format: Format,
  options: UpdateOptions,
  request: Omit<SignalRequest, 'payload'> & { readonly input: string | undefined },
): Promise<void> {
  const input = request.input === undefined ? undefined : await readJson(request.input, io);
  const target = findTarget(io, options);
  await withMesh(target, async (mesh) => {
    const run = await findRun(mesh.ports.store, request.run);
    const { runId } = run;
    const ref = await workflowOf(run, target.local?.agents);
    const handle = new RunHandle(mesh, { runId, ...(ref && { ref }) });
    const answer: unknown = await handle.update(request.name, input, waitFor(options));
    new Printer(io, format).item({ runId, update: request.name, answer: answer ?? null }, () =>
      JSON.stringify(answer ?? null, undefined, 2),
    );
  });
}

/** The workflow of a run as the contracts here declare it; undefined where they do not. */
async function workflowOf({ agent, workflow }: RunRecord, agents: string | undefined) {
  const contract = (await readContracts(agents)).find(({ name }) => name === agent);
  const ref = contract && refOf(contract, workflow);
  return ref && 'signals' in ref ? ref : undefined;
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
  return withMesh(target, async (mesh) => {
    const { runId, key, ...run } = await findRun(mesh.ports.store, name);
    const handle = new RunHandle(mesh, { runId });
    const { id } = await handle.cancel(options.reason === undefined ? {} : { reason: options.reason });
    let status: RunStatus = run.status;
    if (options.wait) status = (await handle.ended(waitFor(options))).status;
    new Printer(io, format).item({ id, runId, status }, (palette) =>
      options.wait
        ? `the run ${runId} (${key}) is ${paintStatus(status, palette)}`
        : `the run ${runId} (${key}) is asked to cancel`,
    );
    return options.wait && status !== 'cancelled' ? 1 : 0;
  });
}

/** Shows the answers of a run to its queries, or to one of them. */
export async function query(
  io: Io,
  format: Format,
  options: TargetOptions,
  { run: name, query: asked }: { readonly run: string; readonly query: string | undefined },
): Promise<void> {
  const { runId, queries = {} } = await withPorts(findTarget(io, options), ({ store }) =>
    findRun(store, name),
  );
  const printer = new Printer(io, format);
  if (asked !== undefined) {
    const value = answerTo(queries, asked);
    if (value === undefined) {
      throw new MeshError(
        'NotFound',
        `the run ${runId} has not answered the query ${JSON.stringify(asked)}`,
        {
          field: 'query',
          hint: `It has answered: ${Object.keys(queries).join(', ') || 'none'}`,
        },
      );
    }
    printer.item(value, () => JSON.stringify(value, null, 2));
    return;
  }
  printer.rows(
    Object.entries(queries).map(([name, { at, ...answer }]) => ({
      query: name,
      since: new Date(at),
      ...answer,
    })),
    [
      { title: 'QUERY', value: ({ query: named }, { bold }) => bold(named) },
      {
        title: 'ANSWER',
        value: (row) => ('failure' in row ? failureText(row.failure) : JSON.stringify(row.value)),
      },
      { title: 'SINCE', value: ({ since }) => timeText(since) },
    ],
    'The run has answered no query.',
  );
}
