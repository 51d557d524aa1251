/** The client for programs: start runs and wait for them, command agents, publish events. Importing it loads no client library. */

export type { PlanFor } from '../contract/plan-rules.ts';
export { type ClientOptions, createClient } from './create-client.ts';
export type { ListFilter, ListOptions, RunList } from './list-runs.ts';
export type { CommandOptions, MeshClient, StartOptions } from './mesh-client.ts';
export type { RunFacts } from './run-facts.ts';
export type { RunHandle, SendOnce } from './run-handle.ts';
export type { ScheduleFacts, ScheduleHandle } from './schedule-handle.ts';
export type { Schedules } from './schedules.ts';
export type { SentCommand } from './sent-command.ts';
export type { WaitOptions } from './wait-options.ts';
