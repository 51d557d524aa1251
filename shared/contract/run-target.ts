import type * as z from 'zod';
import type { Contract } from './agent.ts';
import type { PayloadLimits } from './claim-check.ts';
import { MeshError } from './errors.ts';
import { type Json, toJson } from './json.ts';
import { runIdOf } from './keys.ts';
import { parseAs } from './parse.ts';
import { checkName } from './text.ts';

/** Which run of a workflow: by its key, or by its id. A run of a workflow without a `key` is known by its id alone. */
export type RunTarget =
  | { readonly key: string; readonly runId?: never }
  | { readonly runId: string; readonly key?: never };

/** What of a reference to a workflow says how its runs are reached. */
export interface ReachedWorkflow<Signals = unknown> {
  readonly kind: string;
  readonly agent: string;
  readonly name: string;
  readonly type: string;
  readonly signals: Signals;
  readonly claimCheckBytes?: number;
}

/** A signal as it leaves an agent. */
export interface OutgoingSignal {
  readonly agent: string;
  /** The id of the run. */
  readonly run: string;
  readonly name: string;
  readonly payload: Json | undefined;
  /** How large the payload may be. */
  readonly limits: PayloadLimits;
  readonly what: string;
}

/**
 * A signal from an agent to a run.
 *
 * @throws MeshError `CallNotDeclared` where the contract does not list the agent in `calls`, `ArgumentInvalid` for a name that is none, and
 * `SchemaMismatch` naming the field for a payload that does not fit what the contract of the workflow declares
 */
export function outgoingSignal(
  { name: sender, calls, limits: { inlineBytes } }: Contract,
  ref: ReachedWorkflow,
  target: RunTarget,
  name: string,
  given: unknown,
): OutgoingSignal {
  const { agent, claimCheckBytes = 0 } = ref;
  checkCalled({ name: sender, calls }, agent, `signals a run of ${ref.type}`);
  checkName(name, 'the name of a signal');
  const what = `the payload of the signal ${JSON.stringify(name)}`;
  const payload = given === undefined ? undefined : toJson(given, 'SchemaMismatch', what);
  const schema = declaredIn(ref.signals, name);
  if (schema) parseAs(schema, payload, 'SchemaMismatch', what);
  return { agent, run: targetOf(ref, target), name, payload, limits: { inlineBytes, claimCheckBytes }, what };
}

/** @throws MeshError `CallNotDeclared` */
function checkCalled({ name, calls }: Pick<Contract, 'name' | 'calls'>, agent: string, does: string): void {
  if (agent === name || calls.includes(agent)) return;
  const message = `${name} ${does}, and its contract does not list ${agent} in calls`;
  throw new MeshError('CallNotDeclared', message, { field: 'calls' });
}

function targetOf({ kind, name, type }: ReachedWorkflow, { key, runId }: RunTarget): string {
  if (kind !== 'workflow')
    throw new MeshError('ArgumentInvalid', `${type} is not a workflow`, { field: 'ref' });
  if (key !== undefined) {
    checkName(key, 'key', 1_500);
    return runIdOf(name, key);
  }
  if (/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(runId)) return runId;
  throw new MeshError('ArgumentInvalid', `${JSON.stringify(runId)} is not the id of a run`, {
    field: 'runId',
  });
}

/** The schema of that name; undefined where none is declared. */
function declaredIn(schemas: unknown, name: string): z.ZodType | undefined {
  if (typeof schemas !== 'object' || schemas === null || !Object.hasOwn(schemas, name)) return undefined;
  return (schemas as Readonly<Record<string, z.ZodType>>)[name];
}
