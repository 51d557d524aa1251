import { type Entry, isInterruption, type Replied } from '../../../shared/workflow/entry.ts';
import { entriesOf, pagePaths } from '../../../shared/workflow/run-history.ts';
import type { RunRecord } from '../../../shared/workflow/run-record.ts';
import { runIn } from '../world/decoded.ts';
import type { MakeObserver } from '../world/observer.ts';

const ENDED: ReadonlySet<string> = new Set([
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'continued',
  'compensation_failed',
]);
/** What comes for such a run is kept, and nothing is done. */
const HELD: ReadonlySet<string> = new Set(['paused', 'waiting', 'blocked']);

/** Not a page of its history, which is a document below it. */
export const isRun = (path: string) => path.startsWith('workflows/') && path.split('/').length === 2;

/**
 * I6: the history of a run only grows. I7: a run keeps to its version, and none is left blocked. I8: what began to be undone was
 * registered before, is undone in reverse order of step start, and by its output where that is known.
 */
export const history: MakeObserver = ({ documents }, violated) => ({
  committed(changes) {
    for (const { path, before, after } of changes) {
      if (!isRun(path) || !before) continue;
      if (!after) {
        violated(`I6: ${path} was deleted`);
        continue;
      }
      const [old, next] = [runIn(before), runIn(after)];
      // It was begun anew: what it was is a document of its own.
      if (old.continuedFrom !== next.continuedFrom) continue;
      const grown =
        next.pages > old.pages || old.history === '[]' || next.history.startsWith(old.history.slice(0, -1));
      if (!grown) violated(`I6: the history of ${path} was rewritten`);
      if (old.version !== next.version) violated(`I7: ${path} changed its version`);
      // More faults than any schedule has would have to strike one compensation.
      if (next.status === 'compensation_failed') violated(`I8: a compensation of ${path} was given up on`);
      if (ENDED.has(old.status) && !ENDED.has(next.status))
        violated(`I6: ${path} was ${old.status}, and is ${next.status} again`);
      if (next.paused && next.status !== 'paused') violated(`I7: ${path} is paused, and goes on`);
      if (!HELD.has(old.status) || !HELD.has(next.status)) continue;
      if (old.history !== next.history) violated(`I7: ${path} is ${next.status}, and went on`);
      if (!keeps(old, next)) violated(`I4: ${path} is ${next.status}, and lost what it had kept`);
    }
  },
  ended() {
    for (const document of documents.values()) {
      if (!isRun(document.path)) continue;
      const run = runIn(document);
      const name = `${run.workflow} ${run.key}`;
      if (!ENDED.has(run.status))
        violated(`I4: nothing moves any more, and ${name} is ${run.status}: ${run.waitingFor}`);
      for (const problem of undoProblems(
        entriesOf(
          run,
          pagePaths(run).map((path) => documents.get(path)),
        ),
      ))
        violated(`I8: ${name}: ${problem}`);
    }
  },
});

/** What it kept is kept still, in the same order. */
function keeps({ kept: before }: RunRecord, { kept: after }: RunRecord): boolean {
  const left = before.map((event) => JSON.stringify(event));
  for (const event of after) if (JSON.stringify(event) === left[0]) left.shift();
  return left.length === 0;
}

function* undoProblems(entries: readonly Entry[]): Generator<string> {
  const began: string[] = [];
  const undone: string[] = [];
  let left = false;
  let unwinding = false;
  /** Children that have not ended, as far as the run knows. */
  const awaited = new Set<string>();
  /** Of each step the answer by which it is known to have had its effect. */
  const known = new Map<string, Replied>();
  /** Where a step, or a branch of one (`3/7`), stands in the order of starts. */
  const placeOf = (id: string): number => {
    const [step = '', branch = '0'] = id.split('/');
    return began.indexOf(step) * 1e6 + Number(branch);
  };
  for (const entry of entries) {
    if (isInterruption(entry) || entry.e === 'threw') {
      undone.length = 0;
      unwinding = true;
    }
    if (entry.e === 'replied') {
      awaited.delete(entry.step);
      if (entry.reply.ok && !entry.invalid) known.set(entry.step, entry);
    }
    if (entry.e === 'terminated' && !entry.compensate) left = true;
    if (entry.e !== 'step') continue;
    if (entry.op !== 'undo') {
      began.push(entry.id);
      if (entry.op === 'child' && !entry.detached && !entry.refused) awaited.add(entry.id);
      continue;
    }
    if (placeOf(entry.of) < 0) yield `${entry.of} is undone, and never began`;
    if (undone.includes(entry.of)) continue;
    if (entry.known) {
      const { undo, undoFailed } = known.get(entry.of) ?? {};
      if (undo === undefined && !undoFailed)
        yield `${entry.of} is known, and its undo is not made from its output`;
      if ((undoFailed !== undefined) !== (entry.refused !== undefined))
        yield `the undo of ${entry.of} is ${entry.refused ? '' : 'not '}refused, though its input ${undoFailed ? 'could not' : 'could'} be made`;
    }
    const above = [...awaited].find((child) => placeOf(child) > placeOf(entry.of));
    if (unwinding && above !== undefined) yield `${entry.of} was undone before the child ${above} had ended`;
    if (left) yield `${entry.of} is undone, and was to be left as it is`;
    const last = undone.at(-1);
    undone.push(entry.of);
    // A step that turned out late to have had its effect is undone when that is known.
    const inTurn = last === undefined || placeOf(last) > placeOf(entry.of) || entry.known;
    // While the run goes on, each is undone when it is known to be late.
    if (unwinding && !inTurn) yield `${entry.of} was undone after ${last}`;
  }
}
