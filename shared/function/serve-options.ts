import type { Contract } from '../contract/agent.ts';
import type { Handlers } from '../kernel/handler.ts';
import type { Interceptor } from '../kernel/interceptor.ts';
import type { WorkflowDefinition } from '../workflow/definition.ts';

/** What `serveAgent` is given: an agent and its code. */
export interface ServeOptions {
  readonly agent: { readonly contract: Contract };
  readonly handlers: Handlers;
  readonly workflows?: readonly WorkflowDefinition[];
  /** Around every handler, and every operation of every workflow; the first is the outermost. */
  readonly interceptors?: readonly Interceptor[];
}
