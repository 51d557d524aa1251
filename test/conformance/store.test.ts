import { startFirestore } from '../../emulator/firestore/server.ts';
import { MemoryStore } from '../../shared/testing/memory-store.ts';
import { storeConformance } from './store-suite.ts';
import { overFirestore } from './store-world.ts';

storeConformance('the store in memory', async () => ({ store: new MemoryStore(), close: async () => {} }));

storeConformance('Firestore through the local server', () => overFirestore(startFirestore()));
