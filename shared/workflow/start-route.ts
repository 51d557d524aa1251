import type { WorkflowSpec } from '../contract/agent.ts';
import { MeshError } from '../contract/errors.ts';
import type { Json } from '../contract/json.ts';
import { digest, messageKey, runIdOf } from '../contract/keys.ts';
import type { Message } from '../contract/message.ts';
import { runPath } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import type { Decision, DecisionRequest, Route } from '../kernel/route.ts';
import { bringOn, decisionOf, HISTORY_LIMIT, type Host, NO_EFFECT } from './host.ts';
import { decodeRun, type RunRecord, type Waiter } from './run-record.ts';
import { replySend } from './sends.ts';

/** `<agent>.<workflow>`: starts a run, once per key. */
export function startRoute(host: Host, workflow: string, spec: WorkflowSpec): Route {
  return {
    mode: 'commit',
    reads: (message) => [runPath(runIdOf(workflow, keyOf(host, workflow, spec, message)))],
    decide: (request) => {
      const key = keyOf(host, workflow, spec, request.message);
      return request.documents[0]
        ? startedAlready(request, workflow, key)
        : start(host, request, workflow, key);
    },
  };
}

async function start(host: Host, request: DecisionRequest, workflow: string, key: string): Promise<Decision> {
  const { message } = request;
  const waiter = waiterOf(message);
  const now = host.clock.now();
  const { version } = host.definitions.newest(workflow);
  const run: RunRecord = {
    runId: runIdOf(workflow, key),
    workflow,
    version,
    agent: host.contract.name,
    key,
    status: 'running',
    correlationId: message.correlationId,
    createdAt: new Date(now),
    updatedAt: new Date(now),
    waitingFor: [],
    steps: { total: 0, done: 0, failed: 0, open: 0 },
    inputDigest: digestOf(message.data),
    waiters: waiter ? [waiter] : [],
    history: '[]',
    kept: [],
    rechecks: 0,
    checks: 0,
  };
  const started = { e: 'started', at: now, input: message.data, seed: host.ids.uuid() } as const;
  const log = request.log.child({ runId: run.runId, workflow, version });
  return decisionOf(await bringOn(host, run, [], started, log), undefined);
}

/** Starting twice is starting once; but whoever asks is told of the end. */
function startedAlready(request: DecisionRequest, workflow: string, key: string): Promise<Decision> {
  const document = request.documents[0];
  if (!document) throw new TypeError('there is no run');
  const run = decodeRun(document);
  if (run.inputDigest !== digestOf(request.message.data)) {
    throw new MeshError(
      'RunExists',
      `there is a run of ${workflow} with the key "${key}" and another input`,
      {
        field: 'data',
      },
    );
  }
  const waiter = waiterOf(request.message);
  if (!waiter || run.waiters.some((other) => sameWaiter(other, waiter))) return Promise.resolve(NO_EFFECT);
  const waiting: RunRecord = { ...run, waiters: [...run.waiters, waiter] };
  const sends = run.endedAt ? [replySend(run, waiter, run.waiters.length)] : [];
  return Promise.resolve(decisionOf({ run: waiting, sends }, document.version));
}

/**
 * The key of the run that the message starts.
 *
 * @throws MeshError `SchemaMismatch`, `PayloadTooLarge`
 */
function keyOf(host: Host, workflow: string, spec: WorkflowSpec, message: Message): string {
  const type = `${host.contract.name}.${workflow}`;
  const input = parseAs(spec.input, message.data, 'SchemaMismatch', `the input of ${type}`);
  const bytes = Buffer.byteLength(JSON.stringify(message.data));
  if (bytes > HISTORY_LIMIT / 2) {
    const message = `the input of ${type} takes ${bytes} bytes; a run may begin with ${HISTORY_LIMIT / 2}`;
    throw new MeshError('PayloadTooLarge', message);
  }
  if (spec.key === undefined) return messageKey(message);
  const key = (input as { readonly [field: string]: unknown })?.[spec.key];
  if ((typeof key === 'string' && key !== '') || typeof key === 'number') return String(key);
  throw new MeshError(
    'SchemaMismatch',
    `the input of ${type} has no key: ${spec.key} is neither text nor a number`,
    {
      field: spec.key,
    },
  );
}

function waiterOf({ id, replyTo, runId, stepId }: Message): Waiter | undefined {
  if (replyTo === undefined) return undefined;
  return {
    causationId: id,
    replyTo,
    ...(runId !== undefined && { runId }),
    ...(stepId !== undefined && { stepId }),
  };
}

const sameWaiter = (a: Waiter, b: Waiter) =>
  a.replyTo === b.replyTo && a.runId === b.runId && a.stepId === b.stepId;

/** The same for the same JSON, in whatever order its fields are written. */
function digestOf(input: Json): string {
  return digest(
    'input',
    JSON.stringify(input, (_, value) => sorted(value)),
  );
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
