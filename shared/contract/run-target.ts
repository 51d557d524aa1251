import type * as z from 'zod';
import type { Contract, UpdateSpec } from './agent.ts';
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
export interface ReachedWorkflow<Signals = unknown, Updates = unknown> {
  readonly kind: string;
  readonly agent: string;
  readonly name: string;
  readonly type: string;
  readonly signals: Signals;
  readonly updates: Updates;
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

/** An update as it leaves an agent. */
export type OutgoingUpdate = Omit<OutgoingSignal, 'payload'> & { readonly input: Json | undefined };

/**
 * An update from an agent to a run.
 *
 * @throws MeshError `CallNotDeclared` where the contract does not list the agent in `calls`, `UpdateNotDeclared`, and `SchemaMismatch`
 * naming the field
 */
export function outgoingUpdate(
  { name: sender, calls, limits: { inlineBytes } }: Contract,
  ref: ReachedWorkflow,
  target: RunTarget,
  name: string,
  given: unknown,
): OutgoingUpdate {
  const { agent, claimCheckBytes = 0 } = ref;
  checkCalled({ name: sender, calls }, agent, `updates a run of ${ref.type}`);
  const input = updateInput(ref, name, given);
  const what = inputOf(name);
  return { agent, run: targetOf(ref, target), name, input, limits: { inlineBytes, claimCheckBytes }, what };
}

/**
 * The input of an update as JSON, held against what the contract of the workflow declares.
 *
 * @throws MeshError `UpdateNotDeclared`, `SchemaMismatch` naming the field
 */
export function updateInput(
  { type, updates }: Pick<ReachedWorkflow, 'type' | 'updates'>,
  name: string,
  given: unknown,
): Json | undefined {
  const spec = updateSpecOf(updates, name);
  if (!spec) throw updateNotDeclared(type, name);
  const input = given === undefined ? undefined : toJson(given, 'SchemaMismatch', inputOf(name));
  parseAs(spec.input, input, 'SchemaMismatch', inputOf(name));
  return input;
}

const inputOf = (name: string) => `the input of the update ${JSON.stringify(name)}`;

/** What the contract says of an update; undefined where it declares none of that name. */
export function updateSpecOf(updates: unknown, name: string): UpdateSpec | undefined {
  if (typeof updates !== 'object' || updates === null || !Object.hasOwn(updates, name)) return undefined;
  return (updates as Readonly<Record<string, UpdateSpec>>)[name];
}

export function updateNotDeclared(type: string, name: string): MeshError {
  const message = `the contract of ${type} declares no update ${JSON.stringify(name)}`;
  return new MeshError('UpdateNotDeclared', message, { field: 'name' });
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
