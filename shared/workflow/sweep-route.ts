import { milliseconds } from '../contract/duration.ts';
import { SLOT, SWEEP, TIMER } from '../contract/message.ts';
import { runPath, slotsOf } from '../contract/names.ts';
import type { StoredDocument } from '../contract/store.ts';
import type { DecisionRequest, Route, Send } from '../kernel/route.ts';
import { type Host, NO_EFFECT } from './host.ts';
import { decodeRun } from './run-record.ts';
import { beginSend } from './sends.ts';
import { decodeSlots } from './slots.ts';

/** So long after its time a timer, or the end of a run, is taken for lost: far longer than any is on its way. */
const GRACE_MS = milliseconds('10m');
/** What one sweep looks after. Where there is more, the next comes in a minute. */
const MOST_RUNS = 50;
const MOST_SLOTS = 5;
const MOST_HOLDERS = 200;
const AGAIN_MS = milliseconds('1m');

/**
 * `mesh.sweep`, which a schedule sends: looks for runs that should have been heard of, and for slots that nobody gives back. Finds both by
 * queries that read nothing where there is nothing, and tells each run, or the slots, by a message of its own.
 */
export function sweepRoute(host: Host): Route {
  return {
    mode: 'commit',
    reads: () => [],
    decide: async (request) => {
      const before = new Date(host.clock.now() - GRACE_MS);
      const [runs, slots] = await Promise.all([
        overdue(host, request, before),
        request.query({
          collection: slotsOf(host.contract.name),
          where: [
            { field: 'waited', op: '==', value: true },
            { field: 'updatedAt', op: '<', value: before },
          ],
          orderBy: { field: 'updatedAt' },
          limit: MOST_SLOTS,
        }),
      ]);
      const freed = await Promise.all(slots.map((document) => lostHolders(host, request, document)));
      const sends = [...runs, ...freed.flat()];
      if (sends.length === 0) return NO_EFFECT;
      request.log.warn('swept', { runs: runs.length, slots: freed.flat().length });
      const again: Send = {
        to: { agent: host.contract.name },
        type: SWEEP,
        data: null,
        at: new Date(host.clock.now() + AGAIN_MS),
      };
      return { writes: [], sends: runs.length === MOST_RUNS ? [...sends, again] : sends };
    },
  };
}

async function overdue(host: Host, { query }: DecisionRequest, before: Date): Promise<Send[]> {
  const { name } = host.contract;
  const found = await query({
    collection: 'workflows',
    where: [
      { field: 'agent', op: '==', value: name },
      { field: 'wakeAt', op: '<', value: before },
    ],
    orderBy: { field: 'wakeAt' },
    limit: MOST_RUNS,
  });
  return found.map(({ path }) => ({
    to: { agent: name },
    type: TIMER,
    data: { timer: 'sweep' },
    runId: path.slice(path.lastIndexOf('/') + 1),
    // By which it goes into the mailbox, behind what was left there.
    stepId: 'sweep',
  }));
}

/** Runs that hold a slot, and are gone or have ended; and those that were let in, and were never told so. */
async function lostHolders(host: Host, { read }: DecisionRequest, document: StoredDocument): Promise<Send[]> {
  const { name } = host.contract;
  const { workflow, value } = document.fields;
  const { holders, queue } = decodeSlots(document);
  const asked = [...holders, ...queue.slice(0, 1)].slice(0, MOST_HOLDERS);
  const runs = await read(asked.map(runPath));
  return asked.flatMap((runId, at): Send[] => {
    const found = runs[at];
    if (!found || found.fields.endedAt)
      return [
        {
          to: { agent: name },
          type: SLOT,
          data: { workflow: String(workflow), value: String(value), runId },
        },
      ];
    const told = decodeRun(found).slot?.held !== false;
    return holders.includes(runId) && !told ? [beginSend(name, runId)] : [];
  });
}
