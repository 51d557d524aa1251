import { factsOf, type RunFacts } from '../../shared/client/run-facts.ts';
import type { Attributes, AttributeValue } from '../../shared/contract/attributes.ts';
import { claimCheckOf } from '../../shared/contract/claim-check.ts';
import type { Json } from '../../shared/contract/json.ts';
import {
  type Entry,
  historyOf,
  type QueryAnswer,
  type RunRecord,
  type StepProgress,
  type StepView,
} from '../../shared/workflow/index.ts';
import type { Palette } from '../output/palette.ts';
import { table } from '../output/table.ts';
import { lengthText, timeText } from '../output/time.ts';
import { paintStatus } from './run-status.ts';

/** A run as `mesh runs show` gives it. */
export interface RunDetails {
  readonly run: RunFacts;
  readonly input: Json;
  readonly steps: readonly (StepView & { readonly progress?: StepProgress })[];
}

/** `progress` is that of its open calls, by step. */
export function detailsOf(
  record: RunRecord,
  history: readonly Entry[],
  progress: ReadonlyMap<string, StepProgress> = new Map(),
): RunDetails {
  const [started] = history;
  const input = started?.e === 'started' ? started.input : null;
  const steps = historyOf(history).map((step) => {
    const told = progress.get(step.id);
    return told ? { ...step, progress: told } : step;
  });
  return { run: factsOf(record), input, steps };
}

/** What took how long, from the beginning of the run. */
export function detailsText({ run, input, steps }: RunDetails, palette: Palette): string {
  const { bold, dim, red } = palette;
  const end = run.endedAt ?? run.updatedAt;
  const facts: [string, string][] = [
    ['run', run.runId],
    ['workflow', `${run.workflow} (version ${run.version}), on ${run.agent}`],
    ['key', run.key],
    ['status', paintStatus(run.status, palette)],
    ...(run.customStatus === undefined ? [] : [['says', saidText(run.customStatus)] as [string, string]]),
    ...(run.progress ? [['progress', progressText(run.progress)] as [string, string]] : []),
    ...linesOf(run),
    ['created', timeText(run.createdAt)],
    [run.endedAt ? 'took' : 'so far', lengthText(end.getTime() - run.createdAt.getTime())],
    ...(run.waitingFor.length > 0 ? [['waits for', run.waitingFor.join(', ')] as [string, string]] : []),
    ...(run.failure ? [['failure', red(failureText(run.failure))] as [string, string]] : []),
    ...tenantLines(run),
    ...(run.closed || run.erased ? [] : [['input', payloadText(input)] as [string, string]]),
    ...(run.output === undefined ? [] : [['output', payloadText(run.output)] as [string, string]]),
  ];
  const lines = facts.map(([name, value]) => `${bold(name.padEnd(10))}${value}`);
  return [
    lines.join('\n'),
    steps.length > 0 ? stepsText(steps, run.createdAt, palette) : dim('no steps yet'),
  ].join('\n\n');
}

/** Whose a run is, and why its payloads are not shown. */
function tenantLines({ tenant, closed, erased }: RunFacts): [string, string][] {
  if (tenant === undefined) return [];
  const why = erased
    ? ', erased: the key was dropped'
    : closed
      ? ', encrypted: set MESH_KEY_RING, as one who may use its keys'
      : '';
  return [['tenant', `${tenant}${why}`]];
}

/** A payload as JSON; of one that is kept by claim check, what is known of it without reading it. */
export function payloadText(payload: Json, indent?: number): string {
  const check = claimCheckOf(payload);
  if (!check) return JSON.stringify(payload, null, indent);
  return `${check.bytes.toLocaleString('en')} bytes by claim check, SHA-256 ${check.sha256} (--payloads shows them)`;
}

/** What binds the run to others, and to a time. */
function linesOf({
  queries = {},
  attributes,
  parentRunId,
  continuedFrom,
  continuedAs,
  deadlineAt,
  paused,
}: RunFacts): [string, string][] {
  const lines: [string, string | undefined][] = [
    ['found by', attributes && attributesText(attributes)],
    ['paused', paused && (paused.reason ?? 'by an operator')],
    ['parent', parentRunId],
    ['goes on', continuedAs && `as ${continuedAs}`],
    ['goes on', continuedFrom && `from ${continuedFrom}`],
    ['deadline', deadlineAt && timeText(deadlineAt)],
  ];
  for (const [name, answer] of Object.entries(queries)) lines.push([name, answerText(answer)]);
  return lines.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
}

/** The answer to a query, and since when. */
function answerText(answer: QueryAnswer): string {
  const said = 'failure' in answer ? failureText(answer.failure) : JSON.stringify(answer.value);
  return `${said} (since ${timeText(new Date(answer.at))})`;
}

/** `customer=ada, total=1250` */
function attributesText(attributes: Attributes): string {
  const text = (value: AttributeValue) =>
    value instanceof Date
      ? value.toISOString()
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${text(value)}`)
    .join(', ');
}

interface Line {
  readonly id: string;
  readonly what: string;
  readonly step: Omit<StepView, 'id' | 'operation' | 'compensation' | 'childRunId'> & {
    readonly progress?: StepProgress;
  };
}

function stepsText(steps: RunDetails['steps'], createdAt: Date, palette: Palette): string {
  const lines = steps.flatMap(({ id, operation, compensation, childRunId, ...step }): Line[] => [
    { id, what: [operation, step.target, childRunId].filter(Boolean).join(' '), step },
    ...(compensation ? [{ id: '', what: `↩ ${compensation.target}`, step: compensation }] : []),
  ]);
  return table<Line>(
    lines,
    [
      { title: 'STEP', value: ({ id }) => id },
      { title: 'WHAT', value: ({ what }) => what },
      { title: 'STATUS', value: ({ step }) => paintStep(step.status, palette) },
      { title: 'ATTEMPTS', align: 'right', value: ({ step }) => String(step.attempts) },
      {
        title: 'AFTER',
        align: 'right',
        value: ({ step }) => lengthText(step.startedAt.getTime() - createdAt.getTime()),
      },
      {
        title: 'TOOK',
        align: 'right',
        value: ({ step }) =>
          step.endedAt ? lengthText(step.endedAt.getTime() - step.startedAt.getTime()) : '-',
      },
      ...(lines.some(({ step }) => step.progress)
        ? [
            {
              title: 'PROGRESS',
              value: ({ step }: Line) => (step.progress ? heartbeatText(step.progress) : ''),
            },
          ]
        : []),
      { title: 'FAILURE', value: ({ step }) => (step.failure ? failureText(step.failure) : '') },
    ],
    palette,
  );
}

/** What a handler last told of its progress, and when. */
function heartbeatText({ details, at }: StepProgress): string {
  return `${JSON.stringify(details)} (${timeText(at)})`;
}

/** What a run said of itself. */
export function saidText(status: Json): string {
  return typeof status === 'string' ? status : JSON.stringify(status);
}

/** `1,200 of 5,000 items mapped` */
function progressText({ items, mapped, failedShards }: NonNullable<RunRecord['progress']>): string {
  const failed = failedShards > 0 ? `, ${failedShards} shards failed` : '';
  return `${mapped.toLocaleString('en')} of ${items.toLocaleString('en')} items mapped${failed}`;
}

export function failureText(failure: NonNullable<RunRecord['failure']>): string {
  const { code, reason, message } = failure;
  return `${code}${reason === undefined ? '' : ` (${reason})`}: ${message}`;
}

function paintStep(status: StepView['status'], { green, red, cyan, yellow }: Palette): string {
  if (status === 'done') return green(status);
  if (status === 'failed') return red(status);
  return status === 'open' ? cyan(status) : yellow(status);
}
