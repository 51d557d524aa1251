import { MeshError } from '../contract/errors.ts';
import type { Fields, StoredDocument } from '../contract/store.ts';

/**
 * The slots of one value of a concurrency key: pure. Who holds one, and who waits, in the order in which they came. A run is in it from
 * the commit that creates it, until the message that its end sends is handled.
 */
export interface Slots {
  /** Ids of runs. */
  readonly holders: readonly string[];
  readonly queue: readonly string[];
}

/** Most runs that wait for a slot of one value: 330 KB of a document's 1 MiB, which each that comes or goes writes. */
const MOST_WAITING = 10_000;

export interface Passed {
  readonly slots: Slots;
  /** Runs that have a slot from now on. */
  readonly begun: readonly string[];
}

/**
 * Puts a run at the end of the queue, and lets in as many as may.
 *
 * @throws MeshError `QueueFull`
 */
export function enter({ holders, queue }: Slots, runId: string, limit: number): Passed {
  const passed = letIn({ holders, queue: [...queue, runId] }, limit);
  if (passed.slots.queue.length > MOST_WAITING)
    throw new MeshError('QueueFull', `${queue.length} runs wait for a slot already`, {
      field: 'concurrency',
    });
  return passed;
}

/** Takes a run out, whether it held a slot or waited. Undefined where it is not in. */
export function leave({ holders, queue }: Slots, runId: string, limit: number): Passed | undefined {
  if (!holders.includes(runId) && !queue.includes(runId)) return undefined;
  const others = (runs: readonly string[]) => runs.filter((other) => other !== runId);
  return letIn({ holders: others(holders), queue: others(queue) }, limit);
}

function letIn({ holders, queue }: Slots, limit: number): Passed {
  const free = Math.max(0, Math.min(queue.length, limit - holders.length));
  const begun = queue.slice(0, free);
  return { slots: { holders: [...holders, ...begun], queue: queue.slice(free) }, begun };
}

/** As text: each element of a list would be an entry of an index, of which a document may have 40,000. */
export function encodeSlots({ holders, queue }: Slots, of: SlotsOf, now: number): Fields {
  const waited = queue.length > 0;
  return { ...of, holders: holders.join(' '), queue: queue.join(' '), waited, updatedAt: new Date(now) };
}

/** Which slots they are. */
export interface SlotsOf {
  readonly workflow: string;
  readonly value: string;
}

export function decodeSlots(document: StoredDocument | undefined): Slots {
  const { holders, queue } = document?.fields ?? {};
  return { holders: listOf(holders), queue: listOf(queue) };
}

function listOf(text: unknown): string[] {
  return typeof text === 'string' && text !== '' ? text.split(' ') : [];
}
