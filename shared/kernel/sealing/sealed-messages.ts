import type { Bus } from '../../contract/bus.ts';
import { DEFAULT_TENANT, type PayloadCodec, SEALED } from '../../contract/encryption.ts';
import { hasCode } from '../../contract/errors.ts';
import type { Delivery, WireMessage } from '../../contract/message.ts';
import { currentTenant } from '../../contract/tenant-scope.ts';
import type { Timers } from '../../contract/timers.ts';

const TENANT = 'meshtenant';

/** Whether the data of the message is encrypted. */
export const isSealedMessage = ({ attributes }: WireMessage) => attributes[SEALED] !== undefined;

/** What a message is bound to: an encrypted payload opens in no other message. */
function contextOf(attributes: WireMessage['attributes'], messageId: string): string {
  const id = attributes['ce-id'] ?? messageId;
  return ['message', attributes['ce-source'] ?? '', id, attributes['ce-type'] ?? ''].join('\n');
}

/** The message with its data encrypted, where it is a tenant's. */
async function sealedMessage(
  codec: PayloadCodec,
  message: WireMessage,
  tenant = message.attributes[TENANT],
): Promise<WireMessage> {
  if (tenant === undefined || isSealedMessage(message)) return message;
  const id = message.attributes['ce-id'] ?? '';
  const data = await codec.seal(tenant, message.data, contextOf(message.attributes, id));
  return { ...message, data, attributes: { ...message.attributes, [TENANT]: tenant, [SEALED]: '1' } };
}

/**
 * The delivery with its data decrypted.
 *
 * @throws MeshError `KeysUnavailable`, `PayloadErased`, `PayloadDamaged`
 */
export async function openedDelivery(codec: PayloadCodec, delivery: Delivery): Promise<Delivery> {
  if (!isSealedMessage(delivery)) return delivery;
  const data = await codec.open(delivery.data, contextOf(delivery.attributes, ''));
  return { ...delivery, data, attributes: withoutSeal(delivery.attributes) };
}

export function withoutSeal(attributes: WireMessage['attributes']): Record<string, string> {
  const { [SEALED]: _, ...rest } = attributes;
  return rest;
}

/** A bus that publishes what is a tenant's encrypted. */
export class SealedBus implements Bus {
  readonly #bus: Bus;
  readonly #codec: PayloadCodec;
  readonly #deadTopic: string;

  constructor(bus: Bus, codec: PayloadCodec, deadTopic: string) {
    this.#bus = bus;
    this.#codec = codec;
    this.#deadTopic = deadTopic;
  }

  async publish(topic: string, messages: readonly WireMessage[]): Promise<void> {
    const dead = topic === this.#deadTopic;
    const sealed = await Promise.all(
      messages.map((message) => (dead ? this.#buried(message) : sealedMessage(this.#codec, message))),
    );
    return this.#bus.publish(topic, sealed);
  }

  /** What came in the clear is encrypted before it is kept. Where the key of its tenant was dropped, with that of nobody in particular. */
  async #buried(message: WireMessage): Promise<WireMessage> {
    const tenant = message.attributes[TENANT] ?? currentTenant();
    try {
      return await sealedMessage(this.#codec, message, tenant);
    } catch (error) {
      if (!hasCode(error, 'PayloadErased')) throw error;
      return sealedMessage(this.#codec, message, DEFAULT_TENANT);
    }
  }
}

/** Timers that keep what is a tenant's encrypted. */
export class SealedTimers implements Timers {
  readonly #timers: Timers;
  readonly #codec: PayloadCodec;

  constructor(timers: Timers, codec: PayloadCodec) {
    this.#timers = timers;
    this.#codec = codec;
  }

  async schedule(timer: Parameters<Timers['schedule']>[0]): Promise<void> {
    return this.#timers.schedule({ ...timer, message: await sealedMessage(this.#codec, timer.message) });
  }
}
