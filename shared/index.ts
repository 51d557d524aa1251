/**
 * The public door: what handlers and workflows are written with. It loads no client library; an entry gets `serveAgent` from
 * `shared/function/index.ts`.
 */
export * from './contract/index.ts';
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
export {
  type CallOptions,
  type Compensation,
  type StepRetry,
  undo,
  type WorkflowContext,
} from './workflow/context.ts';
export { defineWorkflow, type WorkflowDefinition } from './workflow/definition.ts';
