import type { Contract } from '../../contract/agent.ts';
import type { Deployment } from '../../contract/deployment.ts';
import { DEFAULT_TENANT, keysUnavailable, type PayloadCodec, tenantOf } from '../../contract/encryption.ts';
import { decodeData, decodeEnvelope } from '../../contract/envelope.ts';
import { hasCode, MeshError } from '../../contract/errors.ts';
import { toFailure } from '../../contract/failure.ts';
import type { Delivery } from '../../contract/message.ts';
import { deadTopicOf, subscriptionOf, topicOf } from '../../contract/names.ts';
import type { Ports } from '../../contract/ports.ts';
import { inTenantScope } from '../../contract/tenant-scope.ts';
import { toDeadLetter } from '../dead-letter.ts';
import { deferral } from '../deferral.ts';
import type { Outcome } from '../outcome.ts';
import { isSealedMessage, openedDelivery, SealedBus, SealedTimers, withoutSeal } from './sealed-messages.ts';
import { SealedStore } from './sealed-store.ts';

export interface SealedHandlingOptions {
  readonly contract: Contract;
  readonly deployment: Deployment;
  readonly ports: Ports;
}

type Handle = (delivery: Delivery) => Promise<Outcome>;

/** A kernel that sees everything decrypted, behind what decrypts and encrypts. */
export function sealedKernel<Options extends SealedHandlingOptions>(
  options: Options,
  codec: PayloadCodec,
  createKernel: (options: Options) => { readonly handle: Handle },
): { readonly handle: Handle } {
  const plain = createKernel({ ...options, ports: sealedPorts(options, codec) });
  return { handle: sealedHandling(options, codec, plain.handle) };
}

/** The ports under which payloads are encrypted on their way out, and decrypted on their way in. */
function sealedPorts({ contract, deployment, ports }: SealedHandlingOptions, codec: PayloadCodec): Ports {
  const { codec: _, ...plain } = ports;
  const deadTopic = deadTopicOf(deployment.prefix, contract.name);
  return {
    ...plain,
    store: new SealedStore({ store: ports.store, codec, contract }),
    bus: new SealedBus(ports.bus, codec, deadTopic),
    timers: new SealedTimers(ports.timers, codec),
  };
}

/**
 * Handles deliveries whose payloads are encrypted: `handle` is given each decrypted, over `sealedPorts`, as a handling of its tenant.
 *
 * - Whatever is done for a tenant's message is that tenant's: its documents, and what it sends.
 * - While keys can't be asked for, a message is deferred as it came, and uses up no delivery attempt.
 * - A message whose key was dropped is a dead letter; one for a run still brings it to its end.
 */
function sealedHandling(options: SealedHandlingOptions, codec: PayloadCodec, handle: Handle): Handle {
  const { contract, deployment, ports } = options;
  const { timers, bus, clock } = ports;

  return async (delivery) => {
    // A dead letter is kept as it is.
    const own =
      !contract.recordsDeadLetters ||
      delivery.subscription === subscriptionOf(deployment.prefix, contract.name);
    if (!own) return handle(delivery);
    if (!isSealedMessage(delivery)) return settled(delivery, delivery);
    let opened: Delivery;
    try {
      opened = await openedDelivery(codec, delivery);
    } catch (error) {
      return closedDelivery(delivery, error);
    }
    return settled(delivery, opened);
  };

  /** Where keys could not be asked for in the middle of it, such as for its dead letter, the message is put off as it came. */
  async function settled(delivery: Delivery, opened: Delivery): Promise<Outcome> {
    const outcome = await inTenantScope(tenantOfDelivery(opened), () => handle(opened));
    if (outcome.kind !== 'nack' || outcome.failure.code !== 'KeysUnavailable') return outcome;
    return closedDelivery(delivery, keysUnavailable(outcome.failure.message));
  }

  /**
   * Whose a message is. One of nobody in particular is that tenant's which its input names. What is wrong with one that names none is found
   * out when it is handled.
   */
  function tenantOfDelivery(delivery: Delivery): string | undefined {
    const { meshtenant } = delivery.attributes;
    if (!contract.encryption || (meshtenant !== undefined && meshtenant !== DEFAULT_TENANT))
      return meshtenant;
    try {
      const { type } = decodeEnvelope(delivery, contract.name);
      return tenantOf(contract, type, decodeData(delivery));
    } catch {
      return DEFAULT_TENANT;
    }
  }

  async function closedDelivery(delivery: Delivery, error: unknown): Promise<Outcome> {
    const log = ports.log.child({ messageId: delivery.messageId });
    const { runid, 'ce-type': type = '' } = delivery.attributes;
    if (hasCode(error, 'PayloadErased') && runid !== undefined && type.startsWith('mesh.')) {
      const { meshtenant: _, ...attributes } = withoutSeal(delivery.attributes);
      const empty = { ...delivery, data: Buffer.from('null'), attributes };
      return inTenantScope(undefined, () => handle(empty));
    }
    const failure = toFailure(error);
    try {
      if (error instanceof MeshError && error.retryAfterMs !== undefined) {
        const until = new Date(clock.now() + error.retryAfterMs);
        const envelope = decodeEnvelope(delivery, contract.name);
        const topic = topicOf(deployment.prefix, contract.name);
        await timers.schedule({ topic, ...deferral(delivery, envelope, until, 'provider', clock.now()) });
        log.info('deferred', { code: error.code, detail: error.message });
        return { kind: 'defer', until, why: 'provider' };
      }
      if (!(error instanceof MeshError) || error.retry) return { kind: 'nack', failure };
      await bus.publish(deadTopicOf(deployment.prefix, contract.name), [
        toDeadLetter(delivery, failure, contract.name),
      ]);
      log.error('dead letter', { ...failure, detail: failure.message });
      return { kind: 'dead-letter', failure };
    } catch (failed) {
      log.error('the message can neither be opened nor put off', { error: failed });
      return { kind: 'nack', failure };
    }
  }
}
