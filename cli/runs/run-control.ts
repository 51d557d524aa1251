import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import { PAUSE, RESUME, TERMINATE } from '../../shared/contract/message.ts';
import type { RunRecord } from '../../shared/workflow/index.ts';
import type { Io } from '../io.ts';
import type { TargetOptions } from '../options.ts';
import { type Format, Printer } from '../output/printer.ts';
import { findTarget, withPorts } from '../target.ts';
import { send } from './run-actions.ts';
import { findRun } from './run-lookup.ts';
import { hasEnded } from './run-status.ts';

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
  const { reason, compensation } = options;
  const data = { compensate: compensation, ...(reason !== undefined && { reason }) };
  return ask(io, format, options, { name, type: TERMINATE, data, asked: 'terminate' });
}

/** @throws MeshError `RunEnded` */
export function pause(io: Io, format: Format, options: PauseOptions, name: string): Promise<void> {
  const { reason, compensation = false } = options;
  const data = { compensation, ...(reason !== undefined && { reason }) };
  return ask(io, format, options, { name, type: PAUSE, data, asked: 'pause' });
}

/** @throws MeshError `RunEnded`; `UsageInvalid` for a run that is not paused */
export function resume(io: Io, format: Format, options: TargetOptions, name: string): Promise<void> {
  const check = ({ paused, runId, status }: RunRecord) => {
    if (!paused)
      throw new MeshError('UsageInvalid', `the run ${runId} is ${status}, not paused`, { field: 'run' });
  };
  return ask(io, format, options, { name, type: RESUME, data: {}, asked: 'go on', check });
}

interface Asked {
  readonly name: string;
  readonly type: string;
  readonly data: Json;
  /** What the run is asked to do. */
  readonly asked: string;
  readonly check?: (run: RunRecord) => void;
}

async function ask(io: Io, format: Format, options: TargetOptions, request: Asked): Promise<void> {
  const { name, type, data, asked, check } = request;
  const target = findTarget(io, options);
  await withPorts(target, async (ports) => {
    const run = await findRun(ports.store, name);
    if (hasEnded(run)) throw new MeshError('RunEnded', `the run ${run.runId} is ${run.status} already`);
    check?.(run);
    const id = await send(ports, { prefix: target.prefix, run, type, data });
    const { runId, key, status } = run;
    new Printer(io, format).item(
      { id, runId, status },
      () => `the run ${runId} (${key}) is asked to ${asked}`,
    );
  });
}
