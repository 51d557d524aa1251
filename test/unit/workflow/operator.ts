import type { Bus } from '../../../shared/contract/bus.ts';
import { decodeData, decodeEnvelope } from '../../../shared/contract/envelope.ts';
import type { Delivery, Message } from '../../../shared/contract/message.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import { MemoryStore } from '../../../shared/testing/memory-store.ts';
import { beginRerun, type Operator, type Rerun } from '../../../shared/workflow/runs/index.ts';
import type { World } from './world.ts';

export const operator: Operator = { prefix: 'mesh', source: '/test' };

/** The mesh as an operator reaches it: its documents, and the topic of the agent that hosts its workflows. */
export function portsOf(
  world: World,
  deferred: Message[] = [],
): Pick<Ports, 'bus' | 'store' | 'clock' | 'ids'> {
  const store = new MemoryStore();
  let uuids = 0;
  const bus: Bus = {
    publish: async (topic, messages) => {
      if (topic !== `mesh-${world.contract.name}`) throw new TypeError(`no topic ${topic}`);
      for (const wire of messages) {
        const delivery: Delivery = { ...wire, messageId: 'm', publishTime: '', subscription: '' };
        const envelope = decodeEnvelope(delivery, world.contract.name);
        const message = { ...envelope, data: decodeData(delivery) };
        // As the kernel does with a message that comes early.
        if (Date.parse(envelope.notBefore ?? '') > world.now) deferred.push(message);
        else world.post(message);
      }
    },
  };
  return {
    bus,
    store: Object.assign(store, { documents: world.documents }),
    clock: { now: () => world.now, after: () => () => {} },
    ids: { uuid: () => `operator-${uuids++}` },
  };
}

/** Begins the rerun and lets the world come to rest, now and when what was deferred is due; the id of the new run. */
export async function begin(world: World, rerun: Rerun): Promise<string> {
  const deferred: Message[] = [];
  await beginRerun(portsOf(world, deferred), operator, rerun);
  await world.settle();
  for (const message of deferred) {
    world.now = Math.max(world.now, Date.parse(message.notBefore ?? ''));
    world.post(message);
    await world.settle();
  }
  return rerun.run.runId;
}
