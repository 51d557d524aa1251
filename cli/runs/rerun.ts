import { RunHandle } from '../../shared/client/run-handle.ts';
import { findRun } from '../../shared/client/run-lookup.ts';
import {
  beginRerun,
  planFork,
  planRerun,
  type RecordedRun,
  type Repeated,
  type Rerun,
  recordedRun,
} from '../../shared/workflow/runs/index.ts';
import type { Io } from '../io.ts';
import { readJson } from '../messages/input.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { findTarget, SOURCE, type Target, waitFor, withMesh } from '../target.ts';
import { checkInput, findCode, requireCode } from './run-code.ts';
import { exitCodeOfRun, paintStatus } from './run-status.ts';

interface CommonOptions extends TargetOptions {
  readonly from?: string;
  readonly dryRun?: boolean;
  readonly agents?: string;
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface RerunOptions extends CommonOptions {
  readonly input?: string;
  readonly version?: number;
}

export interface ForkOptions extends CommonOptions {
  readonly version: number;
}

type Mesh = Parameters<Parameters<typeof withMesh>[1]>[0];

/** Repeats a run, all of it or from a step on. Returns the exit code. */
export async function rerun(io: Io, format: Format, options: RerunOptions, name: string): Promise<number> {
  const input = options.input === undefined ? undefined : await readJson(options.input, io);
  const target = findTarget(io, options);
  return withMesh(target, async (mesh) => {
    const origin = await readOrigin(mesh, name);
    const { version = origin.run.version, from } = options;
    const code = await findCode({ ...origin.run, version }, options.agents ?? target.local?.agents);
    if (code && input !== undefined) checkInput(code, origin.run, input);
    const plan = await planRerun(mesh.ports, origin, {
      version,
      ...(code && { code }),
      ...(from !== undefined && { from }),
      ...(input !== undefined && { input }),
    });
    return begin(io, format, options, { target, mesh, plan });
  });
}

/** Goes on with a run by another version. Returns the exit code. */
export async function fork(io: Io, format: Format, options: ForkOptions, name: string): Promise<number> {
  const target = findTarget(io, options);
  return withMesh(target, async (mesh) => {
    const origin = await readOrigin(mesh, name);
    const { version, from, agents } = options;
    const code = await requireCode({ ...origin.run, version }, agents ?? target.local?.agents);
    const plan = await planFork(mesh.ports, origin, { code, ...(from !== undefined && { from }) });
    return begin(io, format, options, { target, mesh, plan });
  });
}

async function readOrigin({ ports: { store } }: Mesh, name: string): Promise<RecordedRun> {
  const run = await findRun(store, name);
  return recordedRun(store, run);
}

interface Begun {
  readonly target: Target;
  readonly mesh: Mesh;
  readonly plan: Rerun;
}

/** Says what will be repeated, and only then begins. */
async function begin(
  io: Io,
  format: Format,
  { dryRun = false, wait, timeout }: CommonOptions,
  { target, mesh, plan }: Begun,
): Promise<number> {
  const { runId, rerunOf, workflow, version, key } = plan.run;
  const { repeats } = plan;
  const printer = new Printer(io, format);
  if (format === 'table') printer.note(repeatsText(repeats));
  const rerun = { ...(!dryRun && { runId }), rerunOf, workflow, version, key, repeats, begun: !dryRun };
  if (dryRun) {
    printer.item(rerun, () => 'nothing was begun');
    return 0;
  }
  await beginRerun(mesh.ports, { prefix: target.prefix, source: SOURCE }, plan);
  if (!wait) {
    printer.item(
      rerun,
      ({ dim }) => `the run ${runId} (${key}) was begun${dim(`\nsee: mesh runs show ${runId}`)}`,
    );
    return 0;
  }
  const { status, output, failure } = await new RunHandle(mesh, { runId }).ended(waitFor({ timeout }));
  const end = { status, ...(output !== undefined && { output }), ...(failure && { failure }) };
  printer.item(
    { ...rerun, ...end },
    (palette) => `the run ${runId} (${key}) is ${paintStatus(status, palette)}`,
  );
  return exitCodeOfRun(status);
}

function repeatsText(repeats: readonly Repeated[]): string {
  if (repeats.length === 0) return 'No effect of the origin is repeated.';
  const lines = repeats.map(({ step, operation, target }) => `  step ${step}: ${operation} ${target}`);
  return ['These effects of the origin are repeated:', ...lines].join('\n');
}
