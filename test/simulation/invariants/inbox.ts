import { decodeInbox } from '../../../shared/kernel/inbox.ts';
import type { MakeObserver } from '../world/observer.ts';

/** As far as two clocks that were never set can be apart, and a request be under way. */
const TOLERANCE_MS = 8_000;

/**
 * I1, I2: what was handled is recorded once and for good, with the effect and the messages to send in the same commit; and nobody takes
 * over what somebody else holds.
 */
export const inbox: MakeObserver = (scene, violated) => ({
  committed(changes) {
    const records = changes.filter(({ path }) => path.includes('/inbox/'));
    if (records.length === 0)
      violated(`I1: ${changes.map(({ path }) => path).join(', ')} was written without an inbox record`);
    if (records.length > 1) violated('I1: two messages were recorded in one commit');
    for (const { path, before, after } of records) {
      if (!after) violated(`I2: the inbox record ${path} was deleted`);
      const known = before && decodeInbox(before);
      if (known?.status === 'done') violated(`I2: ${path} was handled, and written again`);
      const next = after && decodeInbox(after);
      if (known?.status !== 'running' || !next || scene.jumped) continue;
      const taken = next.status === 'running' && next.owner !== known.owner && next.owner !== '';
      if (taken && known.leaseUntil.getTime() > scene.now() + TOLERANCE_MS)
        violated(`I2: ${path} was taken over from one who still held it`);
    }
  },
});
