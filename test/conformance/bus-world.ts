import { PubSub, v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';
import type { WireMessage } from '../../shared/contract/message.ts';
import { createPorts } from '../../shared/gcp/index.ts';
import type { BusWorld } from './bus-suite.ts';
import { demoDeployment } from './deployment.ts';

/** The Bus port over Pub/Sub, on a server that is starting. */
export async function overPubSub(
  starting: Promise<{ address: string; close(): Promise<void> }>,
): Promise<BusWorld> {
  const server = await starting;
  const { project } = demoDeployment;
  const ports = createPorts(demoDeployment, {
    env: { PUBSUB_EMULATOR_HOST: server.address, LOG_LEVEL: 'silent' },
  });
  const admin = new PubSub({ projectId: project, apiEndpoint: server.address, emulatorMode: true });
  const [host, port] = server.address.split(':');
  const subscriber = new v1.SubscriberClient({
    projectId: project,
    apiEndpoint: host ?? '',
    port: Number(port),
    sslCreds: credentials.createInsecure(),
  });
  return {
    bus: ports.bus,
    async createTopic(topic) {
      await admin.createTopic(topic);
      await admin.topic(topic).createSubscription(`${topic}-taker`, { ackDeadlineSeconds: 60 });
    },
    async take(topic, count) {
      const subscription = `projects/${project}/subscriptions/${topic}-taker`;
      const taken: WireMessage[] = [];
      while (taken.length < count) {
        const [{ receivedMessages }] = await subscriber.pull({ subscription, maxMessages: count });
        for (const { message } of receivedMessages ?? []) {
          if (!message) continue;
          const { data, attributes, orderingKey } = message;
          taken.push({
            data: new Uint8Array(Buffer.from(data ?? '')),
            attributes: { ...attributes },
            ...(orderingKey && { orderingKey }),
          });
        }
        const ackIds = (receivedMessages ?? []).map(({ ackId }) => ackId ?? '');
        if (ackIds.length > 0) await subscriber.acknowledge({ subscription, ackIds });
      }
      return taken;
    },
    async close() {
      await Promise.all([ports.close(), admin.close(), subscriber.close()]);
      await server.close();
    },
  };
}
