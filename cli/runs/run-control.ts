import { RunHandle } from '../../shared/client/run-handle.ts';
import { findRun } from '../../shared/client/run-lookup.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { RunRecord } from '../../shared/workflow/index.ts';
import type { Io } from '../io.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { findTarget, withMesh } from '../target.ts';

export interface TerminateOptions extends TargetOptions {
  readonly reason?: string;
  /** `false` with `--no-compensation`. */
  readonly compensation: boolean;
}

export interface PauseOptions extends TargetOptions {
  readonly reason?: string;
  readonly compensation?: boolean;
}

/** @throws MeshError `RunEnded` */
export function terminate(io: Io, format: Format, options: TerminateOptions, name: string): Promise<void> {
  const { reason, compensation: compensate } = options;
  const how = { compensate, ...(reason !== undefined && { reason }) };
  return ask(io, format, options, { name, asked: 'terminate', tell: (run) => run.terminate(how) });
}

/** @throws MeshError `RunEnded` */
export function pause(io: Io, format: Format, options: PauseOptions, name: string): Promise<void> {
  const { reason, compensation = false } = options;
  const how = { compensation, ...(reason !== undefined && { reason }) };
  return ask(io, format, options, { name, asked: 'pause', tell: (run) => run.pause(how) });
}

/** @throws MeshError `RunEnded`; `UsageInvalid` for a run that is not paused */
export function resume(io: Io, format: Format, options: TargetOptions, name: string): Promise<void> {
  const check = ({ paused, endedAt, runId, status }: RunRecord) => {
    if (!paused && !endedAt)
      throw new MeshError('UsageInvalid', `the run ${runId} is ${status}, not paused`, { field: 'run' });
  };
  return ask(io, format, options, { name, asked: 'go on', tell: (run) => run.resume(), check });
}

interface Asked {
  readonly name: string;
  /** What the run is asked to do. */
  readonly asked: string;
  readonly tell: (run: RunHandle) => Promise<{ readonly id: string }>;
  readonly check?: (run: RunRecord) => void;
}

async function ask(io: Io, format: Format, options: TargetOptions, request: Asked): Promise<void> {
  const { name, asked, tell, check } = request;
  const target = findTarget(io, options);
  await withMesh(target, async (mesh) => {
    const run = await findRun(mesh.ports.store, name);
    check?.(run);
    const { runId, key, status } = run;
    const { id } = await tell(new RunHandle(mesh, { runId }));
    new Printer(io, format).item(
      { id, runId, status },
      () => `the run ${runId} (${key}) is asked to ${asked}`,
    );
  });
}
