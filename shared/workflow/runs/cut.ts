import { MeshError } from '../../contract/errors.ts';
import { describeEntry, type Entry, isRunEvent, type RunEvent, type StepEntry } from '../entry.ts';
import { Ledger } from '../ledger.ts';
import { Parked, refusedFor } from '../parked.ts';

/** A history, divided where a run that repeats it goes on by itself. */
export interface Cut {
  /** What is taken over as it stands. */
  readonly copied: readonly Entry[];
  /** What the new run goes on with: the event that followed, as it came. */
  readonly event: RunEvent;
  /** What the origin did after the cut and the new run, as long as its code does the same, will do again. */
  readonly repeats: readonly Repeated[];
  /** The first step that the origin took after the cut; left out where all of it comes after the cut, or nothing. */
  readonly from?: string;
}

/** Before all of it, before a step, or as late as it can be. */
export type Where = 'start' | 'end' | { readonly before: string };

/** An effect that will happen once more. */
export interface Repeated {
  readonly step: string;
  /** `call`, `publish`, `sideEffect`, … */
  readonly operation: string;
  /** `payments.charge` */
  readonly target: string;
}

/** Nothing in the world changes by doing these again. */
const HARMLESS: ReadonlySet<string> = new Set<StepEntry['op']>([
  'update',
  'answer',
  'sleep',
  'signal',
  'setStatus',
  'setAttributes',
  'patched',
  'cancel',
]);

/**
 * Divides a history.
 *
 * It is cut only before an event at which nothing was under way but what that event settled: an answer to a step that the origin began
 * goes to the origin, and the new run would wait for it for ever. So steps that ran beside the one named are repeated with it. Nor is anything
 * copied that the origin undid later: the code would go on from an effect that is gone.
 *
 * @throws MeshError `UsageInvalid` for a step that the history does not have; `StepUndone`; `OperationUnknown`
 */
export function cutHistory(history: readonly Entry[], where: Where): Cut {
  if (where === 'start') return cutAt(history, 0, undefined);
  const from = where === 'end' ? undefined : where.before;
  const at =
    from === undefined ? history.length : history.findIndex((entry) => isStep(entry) && entry.id === from);
  if (at < 0) throw noStep(history, from);
  const undone = new Set(from === undefined ? [...undoneSteps(history)].map(entryOf) : []);
  const ledger = new Ledger();
  const open = new Set<string>();
  let cut = 0;
  for (const [position, entry] of history.slice(0, at).entries()) {
    if (isStep(entry) && undone.has(entry.id)) break;
    const settled = settledBy(ledger, entry, from);
    if (!settled) break;
    if (entry.e === 'step' && ledger.steps.get(entry.id)?.status === 'open') open.add(entry.id);
    for (const { step } of settled) open.delete(step);
    if (entry.e === 'step' && entry.op === 'answer') open.delete(entry.of);
    if (entry.e === 'step' && entry.op === 'cancel') for (const step of entry.steps) open.delete(step);
    if (ledger.outcome !== undefined) break;
    if (isRunEvent(entry) && open.size === 0) cut = position;
  }
  return cutAt(history, cut, from);
}

/** Undefined: this code does not know the entry, and it is cut there. */
function settledBy(
  ledger: Ledger,
  entry: Entry,
  from: string | undefined,
): readonly { readonly step: string }[] | undefined {
  try {
    return ledger.apply(entry)?.settled ?? [];
  } catch (error) {
    if (error instanceof Parked && from === undefined) return undefined;
    throw refusedFor(error);
  }
}

function cutAt(history: readonly Entry[], cut: number, from: string | undefined): Cut {
  const event = history[cut];
  if (!event || !isRunEvent(event)) throw new TypeError('the history does not begin with an event');
  const copied = history.slice(0, cut);
  const left = history.slice(cut);
  checkUndone([...copied, event], left, from);
  const first = left.find(isStep);
  return {
    copied,
    event: asItCame(event),
    ...(cut > 0 && first && { from: first.id }),
    repeats: left.flatMap(repeated),
  };
}

function repeated(entry: Entry): Repeated[] {
  if (!isStep(entry) || HARMLESS.has(entry.op) || 'refused' in entry) return [];
  const { id: step, op: operation, name: target } = entry;
  if (entry.op !== 'gather') return [{ step, operation, target }];
  const counts = entry.calls.map(({ name }, call) => {
    const branches = entry.branches.filter(({ of = 0, refused }) => of === call && !refused);
    return `${branches.length} × ${name}`;
  });
  return [{ step, operation, target: counts.join(', ') }];
}

/** Without what the code of the origin added to it. */
function asItCame(event: RunEvent): RunEvent {
  if (event.e === 'replied') {
    const { undo: _undo, undoFailed: _undoFailed, invalid: _invalid, ...reply } = event;
    return reply;
  }
  if (event.e !== 'signalled') return event;
  const { invalid: _invalid, ...signal } = event;
  return signal;
}

type CodeStep = Exclude<StepEntry, { readonly op: 'undo' }>;
const isStep = (entry: Entry): entry is CodeStep => entry.e === 'step' && entry.op !== 'undo';

/** The step in whose entry a step began: `3` for the branch `3/1` of a gather. */
const entryOf = (step: string) => step.split('/', 1)[0] ?? step;

/** Steps whose undo was begun: what they did is gone, or may be. */
function undoneSteps(history: readonly Entry[]): Set<string> {
  return new Set(history.flatMap((entry) => (entry.e === 'step' && entry.op === 'undo' ? [entry.of] : [])));
}

/** `taken`: what the new run has behind it when it goes on, the event that it goes on with included. */
function checkUndone(taken: readonly Entry[], left: readonly Entry[], from: string | undefined): void {
  const undone = undoneSteps(left);
  if (undone.size === 0) return;
  const { steps } = Ledger.of(taken);
  const first = [...steps.values()].find(({ entry, status }) => undone.has(entry.id) && status === 'done');
  if (!first) return;
  const id = entryOf(first.entry.id);
  throw new MeshError(
    'StepUndone',
    `step ${id}, ${describeEntry(first.entry)}, was undone: the run can't go on from step ${from}`,
    {
      field: 'from',
      hint: `Rerun from step ${id}, or from an earlier one.`,
    },
  );
}

function noStep(history: readonly Entry[], from: string | undefined): MeshError {
  const ids = history.flatMap((entry) => (isStep(entry) ? [entry.id] : []));
  const has = ids.length === 0 ? 'it has none' : `it has the steps ${ids[0]} to ${ids.at(-1)}`;
  return new MeshError('UsageInvalid', `the run has no step ${JSON.stringify(from)}: ${has}`, {
    field: 'from',
  });
}
