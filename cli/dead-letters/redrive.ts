import { asDeadLetter } from '../../agents/dead-letters/contract.ts';
import { claimCheckOf } from '../../shared/contract/claim-check.ts';
import { parseJson } from '../../shared/contract/envelope.ts';
import { hasCode } from '../../shared/contract/errors.ts';
import type { WireMessage } from '../../shared/contract/message.ts';
import { topicOf } from '../../shared/contract/names.ts';
import type { Ports } from '../../shared/contract/ports.ts';
import { Blobs, toRedrive, withChunks } from '../../shared/kernel/index.ts';
import { type FoundDeadLetter, findDeadLetter } from './dead-letter-lookup.ts';

/** What became of one dead letter: sent again, or found sent again already. */
export interface Redriven {
  readonly id: string;
  readonly agent: string;
  readonly topic: string;
  readonly type?: string;
  readonly redrives: number;
}

const ATTEMPTS = 5;

/**
 * Sends a dead letter's original again, to the topic of the agent that gave up on it, and marks the record.
 *
 * In this order, so that nothing is lost: whoever dies in between leaves the record open. Nothing is doubled either: the message
 * goes out under the identity that it had, and with the same `redrive` count from whoever redrives this death, so that its
 * receiver takes any number of them for one (I2).
 */
export async function redrive(
  { bus, store, clock }: Pick<Ports, 'bus' | 'store' | 'clock'>,
  prefix: string,
  found: FoundDeadLetter,
): Promise<Redriven> {
  const { record, document } = found;
  const topic = topicOf(prefix, record.agent);
  const letter = await withChunks(asDeadLetter(record), document.path, store);
  const message = toRedrive(letter);
  await keepPayload(message, new Blobs(store, clock));
  await bus.publish(topic, [message]);
  const redrives = Number(message.attributes.redrive);
  await mark(store, found, redrives);
  const { id, agent, type } = record;
  return { id, agent, topic, ...(type !== undefined && { type }), redrives };
}

/** The payload that its claim check stands for has to outlast the deliveries that begin now. */
async function keepPayload(message: WireMessage, blobs: Blobs): Promise<void> {
  const data = attempt(() => parseJson(message.data));
  const held = data !== undefined && typeof data === 'object' && data !== null && !Array.isArray(data);
  const checks = held
    ? [data, data.output, data.payload].map((part) => attempt(() => claimCheckOf(part)))
    : [];
  await blobs.renew(checks.filter((check) => check !== undefined));
}

/** What can't be read is sent as it is: its receiver says what is wrong with it. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

async function mark(store: Ports['store'], first: FoundDeadLetter, redrives: number): Promise<void> {
  let found = first;
  for (let attempt = 1; ; attempt++) {
    const { path, fields, version } = found.document;
    if (found.record.status === 'redriven' && found.record.redrives >= redrives) return;
    try {
      const marked = { ...fields, status: 'redriven', redrives };
      await store.commit([{ kind: 'put', path, fields: marked, ifVersion: version }]);
      return;
    } catch (error) {
      // Somebody else redrove it, or it died once more, at the same time: what stands there now is looked at anew.
      if (!hasCode(error, 'Conflict') || attempt >= ATTEMPTS) throw error;
      found = await findDeadLetter(store, found.record.id);
    }
  }
}
