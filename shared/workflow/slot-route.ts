import type { Message } from '../contract/message.ts';
import { runPath, slotPath } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import { SlotChange } from '../contract/reply.ts';
import type { StoredDocument, Write } from '../contract/store.ts';
import type { Route } from '../kernel/route.ts';
import { type Host, NO_EFFECT } from './host.ts';
import { decodeRun } from './run-record.ts';
import { beginSend } from './sends.ts';
import { decodeSlots, encodeSlots, enter, leave, type Passed, type Slots, type SlotsOf } from './slots.ts';

/** `mesh.slot`: gives a slot back, or puts a run in the queue; and lets those begin that have waited longest. */
export function slotRoute(host: Host): Route {
  const { contract } = host;
  const read = ({ data }: Message) => parseAs(SlotChange, data, 'SchemaMismatch', 'the change of a slot');
  const pathOf = ({ workflow, value }: SlotChange) => slotPath(contract.name, workflow, value);
  return {
    mode: 'commit',
    reads: (message) => {
      const change = read(message);
      return change.enter ? [pathOf(change), runPath(change.runId)] : [pathOf(change)];
    },
    decide: async ({ message, documents: [document, run], log }) => {
      const change = read(message);
      const { workflow, runId } = change;
      // Where the limit was lifted meanwhile, whoever still waits goes on.
      const limit = contract.workflows[workflow]?.concurrency?.limit ?? Number.POSITIVE_INFINITY;
      const slots = decodeSlots(document);
      const passed = change.enter ? entered(slots, runId, run, limit) : leave(slots, runId, limit);
      if (!passed) {
        log.debug('without effect: the slot was given back, or taken, before', { workflow, runId });
        return NO_EFFECT;
      }
      return {
        writes: [slotsWrite(contract.name, change, passed.slots, document, host.clock.now())],
        sends: passed.begun.map((begun) => beginSend(contract.name, begun)),
      };
    },
  };
}

/** Undefined: the run has ended, or a place. */
function entered(
  slots: Slots,
  runId: string,
  document: StoredDocument | undefined,
  limit: number,
): Passed | undefined {
  const waits = document && decodeRun(document).slot?.held === false && !document.fields.endedAt;
  if (!waits || slots.holders.includes(runId) || slots.queue.includes(runId)) return undefined;
  return enter(slots, runId, limit);
}

/** The document is there only while somebody is in it. */
export function slotsWrite(
  agent: string,
  { workflow, value }: SlotsOf,
  slots: Slots,
  document: StoredDocument | undefined,
  now: number,
): Write {
  const path = slotPath(agent, workflow, value);
  const fields = encodeSlots(slots, { workflow, value }, now);
  if (!document) return { kind: 'create', path, fields };
  const { version: ifVersion } = document;
  const empty = slots.holders.length === 0 && slots.queue.length === 0;
  return empty ? { kind: 'delete', path, ifVersion } : { kind: 'put', path, fields, ifVersion };
}
