import type { Ports } from '../contract/ports.ts';
import { Blobs } from '../kernel/index.ts';
import type { Outgoing } from './outgoing.ts';

/** The part of the ports that a client needs. */
export type ClientPorts = Pick<Ports, 'bus' | 'store' | 'clock' | 'ids'>;

/** A mesh as a program outside reaches it. */
export class MeshAccess {
  readonly ports: ClientPorts;
  readonly prefix: string;
  /** The `ce-source` of what it sends. */
  readonly source: string;
  readonly blobs: Blobs;

  constructor(ports: ClientPorts, prefix: string, source: string) {
    this.ports = ports;
    this.prefix = prefix;
    this.source = source;
    this.blobs = new Blobs(ports.store, ports.clock);
  }

  now(): number {
    return this.ports.clock.now();
  }

  /**
   * Resolves once Pub/Sub has the message for good.
   *
   * @throws MeshError `BusUnavailable`, `TopicNotFound`, `StoreUnavailable`: the message may have been sent; sending the same one again is
   * harmless
   */
  async send({ topic, wire, blob }: Pick<Outgoing, 'topic' | 'wire' | 'blob'>): Promise<void> {
    // Before the message refers to it (I3).
    if (blob) await this.blobs.write([blob]);
    await this.ports.bus.publish(topic, [wire]);
  }
}
