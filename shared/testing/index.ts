/** The test kit: run handlers and workflows in memory, with agents that the test plays and a clock that it moves. */
export { AgentTest, type AgentTestOptions, type DeliverOptions, type TestedAgent } from './agent-test.ts';
export type { LogEntry } from './captured-log.ts';
export { type Fake, fake } from './fake.ts';
export type { Handled } from './handled.ts';
export type { Death } from './instance.ts';
export { ManualClock } from './manual-clock.ts';
export { MemoryKeys } from './memory-keys.ts';
export { MemorySecrets } from './memory-secrets.ts';
export { MemoryStore } from './memory-store.ts';
export type { ProviderCall, ProviderFake } from './provider-fake.ts';
export type { SentMessage } from './sent-message.ts';
export type { PostDetails, TestMessage } from './test-message.ts';
export type { StateOf, TestState } from './test-state.ts';
export {
  type SentCommand,
  type SentSignal,
  type SentUpdate,
  WorkflowTest,
  type WorkflowTestOptions,
} from './workflow-test.ts';
