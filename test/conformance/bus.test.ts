import { startPubSub } from '../../emulator/pubsub/server.ts';
import { busConformance } from './bus-suite.ts';
import { overPubSub } from './bus-world.ts';

busConformance('Pub/Sub through the local server', () => overPubSub(startPubSub()));
