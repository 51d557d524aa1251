import { runIn } from '../world/decoded.ts';
import type { MakeObserver } from '../world/observer.ts';
import { isRun } from './history.ts';

/** Calls of ports that one delivery may cost: a drainer takes several batches, each a handful of calls, and each may be refused. */
const MOST_CALLS = 100;
/** Steps that a run may begin in one turn; no workload fans out to more. */
const MOST_STEPS = 60;

/** I5: the work of one delivery is bounded, however often it is refused or finds others in its way. */
export const work: MakeObserver = (_scene, violated) => ({
  spent({ attributes }, effort) {
    const calls = [...effort.values()].reduce((sum, times) => sum + times, 0);
    if (calls <= MOST_CALLS) return;
    const each = [...effort].map(([name, times]) => `${times} × ${name}`).join(', ');
    violated(`I5: the delivery of a ${attributes['ce-type']} cost ${calls} calls: ${each}`);
  },
  committed(changes) {
    for (const { path, before, after } of changes) {
      if (!after || !isRun(path)) continue;
      const begun = runIn(after).steps.total - (before ? runIn(before).steps.total : 0);
      if (begun > MOST_STEPS) violated(`I5: ${path} began ${begun} steps in one turn`);
    }
  },
});
