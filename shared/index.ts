/** The public door: what handlers, workflows and entries are written with. It loads no client library. */
export * from './contract/index.ts';
export { agentProblems, servedAgents } from './function/agent-problems.ts';
export { serveAgent } from './function/serve-agent.ts';
export type { ServeOptions } from './function/serve-options.ts';
export type {
  Handle,
  Handler,
  HandlerContext,
  Handlers,
  HandlersOf,
  SendOptions,
  StateAccess,
  StatefulHandler,
} from './kernel/handler.ts';
export type {
  HandlerCall,
  Interceptor,
  NextHandler,
  NextOperation,
  Operation,
  OperationResult,
} from './kernel/interceptor.ts';
export type { ProviderAccess } from './kernel/providers/providers.ts';
export {
  type CallOptions,
  type CancelScope,
  type ChildOptions,
  type ChildRun,
  type Compensation,
  type EffectAttempt,
  type SideEffectOptions,
  type StepRetry,
  undo,
  type WorkflowContext,
} from './workflow/context.ts';
export { defineWorkflow, type WorkflowDefinition } from './workflow/definition.ts';
export {
  type Branch,
  type BranchOutcome,
  branch,
  each,
  type Gathered,
  type GatherOptions,
} from './workflow/gathering.ts';
export {
  type MapReduced,
  type MapReduceOptions,
  type Page,
  type Stage,
  stage,
} from './workflow/map-reducing.ts';
