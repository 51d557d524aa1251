import type { StoredDocument } from '../../../shared/contract/store.ts';
import { inboxIn } from '../world/decoded.ts';
import type { Change, MakeObserver } from '../world/observer.ts';

/** As far as two clocks that were never set can be apart, and a request be under way. */
const TOLERANCE_MS = 8_000;

/**
 * What holds no effect of a message: how the instances of an agent treat a provider, who waits for an entity, and payloads, which are
 * written before what refers to them.
 */
const OWN = /^(agents\/[^/]+\/(breakers|rates|entities|entityQueues)|blobs)\//;

/**
 * I1, I2: what was handled is recorded once and for good, with the effect and the messages to send in the same commit; and nobody takes
 * over what somebody else holds.
 */
export const inbox: MakeObserver = (scene, violated) => ({
  committed(changes) {
    const records = changes.filter(({ path }) => path.includes('/inbox/'));
    if (records.length === 0 && !isWithout(changes))
      violated(`I1: ${changes.map(({ path }) => path).join(', ')} was written without an inbox record`);
    if (records.length > 1) violated('I1: two messages were recorded in one commit');
    for (const { path, before, after } of records) {
      if (!after) violated(`I2: the inbox record ${path} was deleted`);
      const known = before && inboxIn(before);
      if (known?.status === 'done') violated(`I2: ${path} was handled, and written again`);
      const next = after && inboxIn(after);
      // Of a drainer's own message the mark on the document decides.
      if (known?.status !== 'running' || !next || scene.jumped || isMesh(after)) continue;
      const taken = next.status === 'running' && next.owner !== known.owner && next.owner !== '';
      if (taken && known.leaseUntil.getTime() > scene.now() + TOLERANCE_MS)
        violated(`I2: ${path} was taken over from one who still held it`);
    }
  },
});

/** Whether these may be written by no message: a provider's state; mail, left or taken; the mark of who takes it. */
function isWithout(changes: readonly Change[]): boolean {
  if (changes.every(({ path }) => OWN.test(path))) return true;
  const mail = changes.filter(({ path }) => path.includes('/mailbox/'));
  if (mail.length === changes.length || mail.some(({ after }) => !after)) return true;
  return changes.every(({ before, after }) => before && after && withoutMark(before) === withoutMark(after));
}

const isMesh = (record: StoredDocument | undefined) => String(record?.fields.type).startsWith('mesh.');

/** A document without its mark. */
function withoutMark({ fields }: StoredDocument): string {
  const { drain: _, ...rest } = fields;
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}
