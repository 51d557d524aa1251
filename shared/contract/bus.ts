import type { WireMessage } from './message.ts';

/** Publishing, as a port. Implementations: Pub/Sub, and the local broker in process. */
export interface Bus {
  /**
   * Publishes the messages to one topic in one request (I5) and resolves once the service has them for good. It may have
   * published them although it rejects: callers publish again, and receivers dedupe.
   *
   * @param topic the topic's id, without its project
   * @throws MeshError `TopicNotFound`, `BusUnavailable`
   */
  publish(topic: string, messages: readonly WireMessage[]): Promise<void>;
}
