import * as z from 'zod';

const rate = z.number().nonnegative();
const share = z.number().min(0).max(1);
const count = z.int().nonnegative();

/**
 * What a mesh is asked to do, on the average of a month. Messages that come from outside begin a run of `stepsPerRun` calls each; with
 * 0 steps, they are handled by one agent and that is all.
 */
export const Workload = z.strictObject({
  /** Messages a second from outside. */
  messagesPerSecond: rate,
  /** Calls of other agents in each run, one after the other. */
  stepsPerRun: count.max(100_000).default(5),
  /** Timers of each run that fire: sleeps, and timeouts, of calls that were answered too. */
  timersPerRun: count.default(1),
  /** The share of the steps that call a provider (mode `effect`): one commit more each. */
  effectShare: share.default(0.5),
  /** Documents of its own that the agent of a step reads and writes. */
  documentsPerStep: rate.default(1),
  /** JSON of a message. */
  payloadBytes: count.max(10_000_000).default(1_000),
  /** What handling a message takes of a processor. */
  cpuMs: rate.default(5),
  /** What handling a message takes beside: Firestore's answers, Pub/Sub's, a provider's. */
  waitMs: rate.default(60),
  logBytesPerMessage: count.default(500),
  /** How long ended runs are kept. */
  runsKeptDays: rate.default(30),
  /** Function instances started in a month: each reads the secrets of its agent. */
  instanceStarts: count.default(10_000),
});

export type Workload = z.output<typeof Workload>;
