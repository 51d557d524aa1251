import { slotPath } from '../../../shared/contract/names.ts';
import type { RunRecord } from '../../../shared/workflow/run-record.ts';
import { decodeSlots } from '../../../shared/workflow/slots.ts';
import { runIn } from '../world/decoded.ts';
import type { MakeObserver } from '../world/observer.ts';
import { isRun } from './history.ts';

/**
 * I4: a run that has not ended can be woken, whatever gets lost: its document says when a sweep is to look after it, or it waits for
 * people alone; one that waits for a slot is in the queue. A schedule that has a next time says so too.
 */
export const liveness: MakeObserver = ({ documents }, violated) => {
  const problemOf = (run: RunRecord): string | undefined => {
    const { status, wakeAt, waitingFor, slot, rerunOf } = run;
    switch (status) {
      case 'running':
      case 'compensating':
        // One whose code has not begun keeps what it is to begin with.
        if (waitingFor.length === 0 && !(run.kept.length > 0 && wakeAt)) return 'waits for nothing';
        return wakeAt || waitingFor.every(isOfPeople)
          ? undefined
          : `waits for ${waitingFor}, and no sweep finds it`;
      case 'blocked':
        return wakeAt ? undefined : 'is blocked, and no sweep finds it';
      case 'waiting': {
        if (run.startAt) return wakeAt ? undefined : 'begins later, and no sweep finds it';
        // One that repeats another is there before its place in the queue is.
        if (rerunOf) return undefined;
        const path = slotPath(run.agent, run.workflow, slot?.value ?? '');
        const { holders, queue } = decodeSlots(documents.get(path));
        return [...holders, ...queue].includes(run.runId)
          ? undefined
          : 'waits for a slot, and is not in the queue';
      }
      default:
        return undefined;
    }
  };
  return {
    committed(changes) {
      for (const { path, after } of changes) {
        const problem = !after
          ? undefined
          : isRun(path)
            ? problemOf(runIn(after))
            : after.fields.nextAt && path.includes('/schedules/') && !after.fields.wakeAt
              ? 'has a next time, and no sweep finds it'
              : undefined;
        if (problem) violated(`I4: ${path} ${problem}`);
      }
    },
  };
};

const isOfPeople = (waits: string) => waits.startsWith('signal ');
