import { startFirestore } from '../../emulator/firestore/server.ts';
import { MemoryStore } from '../../shared/testing/memory-store.ts';
import { blobConformance } from './blob-suite.ts';
import { overFirestore } from './store-world.ts';

blobConformance('in memory', async () => ({ store: new MemoryStore(), close: async () => {} }));
blobConformance('in Firestore, through the local server', () => overFirestore(startFirestore()));
