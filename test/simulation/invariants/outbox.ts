import { markOf } from '../../../shared/kernel/mailbox.ts';
import { wholeOutbox } from '../../../shared/kernel/packed-outbox.ts';
import { inboxIn, outboxIn } from '../world/decoded.ts';
import type { MakeObserver } from '../world/observer.ts';

/** Not what an agent's schedules send. */
const OF_AGENT = /^\/agents\/[^/]+$/;

/** I1, I6: a message of an agent's leaves only after the commit that it follows from. */
export const outbox: MakeObserver = (_scene, violated) => {
  const committed = new Set<string>();
  return {
    committed(changes) {
      for (const { path, after } of changes) {
        if (after && path.includes('/inbox/') && inboxIn(after).status === 'done')
          for (const { message } of outboxIn(after)) committed.add(message.id);
        // What a drainer decided on stands on the document.
        const drained = after && markOf(after)?.outbox;
        if (drained) for (const { message } of wholeOutbox(drained)) committed.add(message.id);
      }
    },
    sent(topic, messages) {
      for (const { attributes } of messages) {
        const { 'ce-id': id = '', 'ce-source': source = '', 'ce-type': type } = attributes;
        if (OF_AGENT.test(source) && !committed.has(id))
          violated(`I6: a ${type} left for ${topic} before what caused it was committed`);
      }
    },
  };
};
