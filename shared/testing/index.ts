/** The test kit: run a workflow in memory, with agents that the test plays and a clock that it moves. */
export { type Fake, fake } from './fake.ts';
export { ManualClock } from './manual-clock.ts';
export { MemoryStore } from './memory-store.ts';
export { type SentCommand, WorkflowTest, type WorkflowTestOptions } from './workflow-test.ts';
