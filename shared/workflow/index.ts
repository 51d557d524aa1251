/** The durable engine's door: how workflows are written, how an agent hosts them, and how their runs are read. */
export { type AdvanceRequest, advance } from './advance.ts';
export { undo, type WorkflowContext } from './context.ts';
export { defineWorkflow, type WorkflowDefinition } from './definition.ts';
export type { Entry, RunEvent } from './entry.ts';
export { branch, each } from './gathering.ts';
export { stage } from './map-reducing.ts';
export { entriesOf, pagePaths, readHistory } from './run-history.ts';
export { keyValueOf } from './run-key.ts';
export { answerTo, type QueryAnswer } from './run-queries.ts';
export { decodeRun, type RunRecord, type RunStatus } from './run-record.ts';
export { historyOf, type StepView } from './run-view.ts';
export { endReply } from './sends.ts';
export { type StepProgress, stepProgress } from './step-progress.ts';
export { workflowRoutes } from './workflow-routes.ts';
