export { MemoryStore } from '../../shared/testing/memory-store.ts';
