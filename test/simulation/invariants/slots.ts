import { decodeSlots } from '../../../shared/workflow/slots.ts';
import type { MakeObserver } from '../world/observer.ts';

const SLOTS = /^agents\/([^/]+)\/slots\//;

/**
 * Concurrency: of the runs that share a value no more hold a slot than may, they get it in the order in which they came, and keep it
 * until they have ended; in the end nobody holds one.
 */
export const slots: MakeObserver = ({ topology, documents }, violated) => {
  const limits = new Map(
    topology.functions.map(({ agent, contract }) => [
      agent,
      Math.max(0, ...Object.values(contract.workflows).map(({ concurrency }) => concurrency?.limit ?? 0)),
    ]),
  );
  return {
    committed(changes) {
      for (const { path, before, after } of changes) {
        const agent = SLOTS.exec(path)?.[1];
        if (agent === undefined) continue;
        const [old, next] = [decodeSlots(before), decodeSlots(after)];
        const limit = limits.get(agent) ?? 0;
        if (next.holders.length > limit)
          violated(`slots: ${next.holders.length} runs of ${agent} are under way, and ${limit} may be`);
        const inside = new Set([...next.holders, ...next.queue]);
        const line = [...new Set([...old.queue, ...inside])].filter(
          (run) => inside.has(run) && !old.holders.includes(run),
        );
        const begun = next.holders.filter((run) => !old.holders.includes(run));
        if (begun.join() !== line.slice(0, begun.length).join())
          violated(`slots: ${begun} of ${agent} began out of turn`);
        const left = old.queue.filter((run) => next.queue.includes(run));
        if (left.join() !== next.queue.slice(0, left.length).join())
          violated(`slots: who came later to ${agent} waits before ${left}`);
        for (const gone of [...old.holders, ...old.queue].filter((run) => !inside.has(run))) {
          const run = documents.get(`workflows/${gone}`);
          if (run && !run.fields.endedAt) violated(`slots: ${gone} of ${agent} lost its slot, and goes on`);
        }
      }
    },
    ended() {
      for (const path of documents.keys())
        if (SLOTS.test(path)) violated(`slots: nothing moves any more, and ${path} is still there`);
    },
  };
};
