/** Serves one of our emulators on a free port and prints its address; runs until it is killed. */
import { startFirestore } from '../../emulator/firestore/server.ts';
import { startPubSub } from '../../emulator/pubsub/server.ts';

const start = process.argv[2] === 'firestore' ? startFirestore : startPubSub;
const { address } = await start({});
process.stdout.write(`${address}\n`);
