import { milliseconds } from '../contract/duration.ts';
import type { Json } from '../contract/json.ts';
import { SLOT, SWEEP, TIMER } from '../contract/message.ts';
import { runPath, schedulesOf, slotsOf } from '../contract/names.ts';
import type { Query, StoredDocument } from '../contract/store.ts';
import type { DecisionRequest, Route, Send } from '../kernel/route.ts';
import { type Host, NO_EFFECT } from './host.ts';
import { decodeRun } from './run-record.ts';
import { ownSend } from './schedules/schedule-route.ts';
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
      const after = goesOnAfter(request.message.data);
      const [runs, schedules, slots] = await Promise.all([
        after ? [] : overdue(host, request, before),
        after ? [] : lateSchedules(host, request, before),
        request.query({
          collection: slotsOf(host.contract.name),
          where: [
            { field: 'waited', op: '==', value: true },
            { field: 'updatedAt', op: '<', value: before },
          ],
          orderBy: { field: 'updatedAt' },
          ...(after && { startAfter: after }),
          limit: MOST_SLOTS,
        }),
      ]);
      const freed = await Promise.all(slots.map((document) => lostHolders(host, request, document)));
      const found = [...runs, ...schedules, ...freed.flat()];
      if (found.length > 0)
        request.log.warn('swept', {
          runs: runs.length,
          schedules: schedules.length,
          slots: freed.flat().length,
        });
      const sends = [
        ...found,
        ...(Math.max(runs.length, schedules.length) === MOST_RUNS ? [again(host, null)] : []),
        // All may be rightly held: the next are not to wait for these.
        ...(slots.length === MOST_SLOTS ? [again(host, placeOf(slots.at(-1)))] : []),
      ];
      return sends.length === 0 ? NO_EFFECT : { writes: [], sends };
    },
  };
}

function again({ contract, clock }: Host, data: Json): Send {
  return { to: { agent: contract.name }, type: SWEEP, data, at: new Date(clock.now() + AGAIN_MS) };
}

/** Where the next sweep goes on among the slots: after this document. */
function placeOf(document: StoredDocument | undefined): Json {
  const { updatedAt } = document?.fields ?? {};
  return { after: { at: updatedAt instanceof Date ? updatedAt.getTime() : 0, path: document?.path ?? '' } };
}

/** Undefined for a sweep from the beginning, as the schedule sends it. */
function goesOnAfter(data: Json): NonNullable<Query['startAfter']> | undefined {
  const place = typeof data === 'object' && data !== null && 'after' in data ? data.after : undefined;
  if (typeof place !== 'object' || place === null || Array.isArray(place)) return undefined;
  const { at, path } = place;
  return typeof at === 'number' && typeof path === 'string' ? { value: new Date(at), path } : undefined;
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

/** Schedules whose timer is lost. */
async function lateSchedules({ contract }: Host, { query }: DecisionRequest, before: Date): Promise<Send[]> {
  const found = await query({
    collection: schedulesOf(contract.name),
    where: [{ field: 'wakeAt', op: '<', value: before }],
    orderBy: { field: 'wakeAt' },
    limit: MOST_RUNS,
  });
  return found.map(({ fields }) => ownSend(contract.name, { op: 'tick', schedule: String(fields.schedule) }));
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
