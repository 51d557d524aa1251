/** Serves one of our emulators on a free port and prints its address; runs until its standard input ends. */
import { enableCompileCache } from 'node:module';

// Before anything is loaded: as the `mesh` command has it.
enableCompileCache();
const { keepHeapSmall } = await import('../../emulator/small-heap.ts');
keepHeapSmall();
const { address } =
  process.argv[2] === 'firestore'
    ? await (await import('../../emulator/firestore/server.ts')).startFirestore({})
    : await (await import('../../emulator/pubsub/server.ts')).startPubSub({});
process.stdin.resume().on('end', () => process.exit());
process.stdout.write(`${address}\n`);
