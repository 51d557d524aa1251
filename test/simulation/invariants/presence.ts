import { messageKey } from '../../../shared/contract/keys.ts';
import { SCHEDULE, SLOT, SWEEP } from '../../../shared/contract/message.ts';
import { inboxPath, runPath, topicOf } from '../../../shared/contract/names.ts';
import { markOf } from '../../../shared/kernel/mailbox.ts';
import { inboxIn } from '../world/decoded.ts';
import type { MakeObserver, Scene } from '../world/observer.ts';

/** I4: nothing vanishes. Each message in an agent's topic was handled in the end, is a dead letter, or was for a run that is there. */
export const presence: MakeObserver = ({ topology, documents }, violated) => {
  const published = new Map<
    string,
    { agent: string; id: string; source: string; type: string; runId?: string }
  >();
  const agents = new Map(
    topology.functions.map(({ agent, contract }) => [topicOf(topology.prefix, agent), contract]),
  );
  return {
    durable(topic, { attributes }) {
      const agent = agents.get(topic)?.name;
      const { 'ce-id': id, 'ce-source': source, 'ce-type': type = '', runid } = attributes;
      if (agent === undefined || id === undefined || source === undefined) return;
      published.set(`${agent} ${source} ${id}`, { agent, id, source, type, ...(runid && { runId: runid }) });
    },
    ended() {
      const dead = new Set<unknown>();
      for (const document of documents.values()) {
        const { path, fields } = document;
        if (path.includes('/mailbox/') && !wasTaken(path, documents))
          violated(`I4: nothing moves any more, and ${path} was not taken`);
        if (markOf(document)) violated(`I4: nothing moves any more, and ${path} is still being drained`);
        if (path.startsWith('deadLetters/')) dead.add(fields.message);
      }
      for (const { agent, id, source, type, runId } of published.values()) {
        const record = documents.get(inboxPath(agent, messageKey({ source, id })));
        if (record && inboxIn(record).status === 'done') continue;
        if (dead.has(id)) continue;
        if (runId !== undefined && type.startsWith('mesh.') && documents.has(runPath(runId))) continue;
        // Whether every slot was given back is seen by the slots, and what became of a schedule by its books; and a sweep may find nothing.
        if (type === SLOT || type === SWEEP || type === SCHEDULE) continue;
        const workflows = agents.get(topicOf(topology.prefix, agent))?.workflows ?? {};
        if (type.slice(type.indexOf('.') + 1) in workflows) continue;
        violated(`I4: ${type} (${id}) to ${agent} vanished`);
      }
    },
  };
};

/**
 * Whether the message of a mail was handled by itself: one who died before it could be seen to comes again, and may find no crowd; or a
 * run that has ended, to which it is nothing.
 */
function wasTaken(path: string, documents: Scene['documents']): boolean {
  const [collection, run, , key = ''] = path.split('/');
  const { agent, endedAt } = documents.get(`${collection}/${run}`)?.fields ?? {};
  const record = documents.get(inboxPath(String(agent), key));
  return endedAt !== undefined || (record !== undefined && inboxIn(record).status === 'done');
}
