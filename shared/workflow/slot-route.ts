import type { Message } from '../contract/message.ts';
import { slotPath } from '../contract/names.ts';
import { parseAs } from '../contract/parse.ts';
import { SlotRelease } from '../contract/reply.ts';
import type { StoredDocument, Write } from '../contract/store.ts';
import type { Route } from '../kernel/route.ts';
import { type Host, NO_EFFECT } from './host.ts';
import { beginSend } from './sends.ts';
import { decodeSlots, encodeSlots, leave, type Slots } from './slots.ts';

/** `mesh.slot`: gives a slot back, and lets those begin that waited for it longest. */
export function slotRoute(host: Host): Route {
  const { contract } = host;
  const read = ({ data }: Message) => parseAs(SlotRelease, data, 'SchemaMismatch', 'the release of a slot');
  const pathOf = (message: Message) => {
    const { workflow, value } = read(message);
    return slotPath(contract.name, workflow, value);
  };
  return {
    mode: 'commit',
    reads: (message) => [pathOf(message)],
    decide: async ({ message, documents: [document], log }) => {
      const { workflow, runId } = read(message);
      // Where the limit was lifted meanwhile, whoever still waits goes on.
      const limit = contract.workflows[workflow]?.concurrency?.limit ?? Number.POSITIVE_INFINITY;
      const passed = leave(decodeSlots(document), runId, limit);
      if (!passed || !document) {
        log.debug('without effect: the slot was given back before', { workflow, runId });
        return NO_EFFECT;
      }
      return {
        writes: [slotsWrite(pathOf(message), passed.slots, document)],
        sends: passed.begun.map((begun) => beginSend(contract.name, begun)),
      };
    },
  };
}

/** The document is there only while somebody is in it. */
export function slotsWrite(path: string, slots: Slots, document: StoredDocument | undefined): Write {
  if (!document) return { kind: 'create', path, fields: encodeSlots(slots) };
  const { version: ifVersion } = document;
  const empty = slots.holders.length === 0 && slots.queue.length === 0;
  return empty
    ? { kind: 'delete', path, ifVersion }
    : { kind: 'put', path, fields: encodeSlots(slots), ifVersion };
}
