import type { ErrorKind } from './error-kind.ts';

/** Errors of workflows and their runs. */
export const RUN_ERRORS = {
  RunNotFound: {
    retry: false,
    summary: 'The message names a run that does not exist.',
    hint: 'List the runs with: mesh runs list',
  },
  RunExists: {
    retry: false,
    summary: 'A run with this key exists already, with another input.',
    hint: 'Use a new key for new work.',
  },
  RunEnded: {
    retry: false,
    summary: 'The run has ended, and takes no more signals and updates.',
    hint: 'Look at it with: mesh runs show',
  },
  RunActive: {
    retry: false,
    summary: 'The run has not ended, and can not be gone on from by another.',
    hint: 'Wait until it has ended, or end it: mesh runs cancel, mesh runs terminate',
  },
  StepUndone: {
    retry: false,
    summary: 'What a step did was undone, so that no run can go on from it.',
    hint: 'Rerun from that step, or from an earlier one.',
  },
  RunBlocked: {
    retry: true,
    summary: 'The code no longer matches the history of the run; the run is parked.',
    hint: 'Deploy code that matches its history; the run goes on by itself.',
  },
  NonDeterministic: {
    retry: false,
    summary: 'Replay issued another command than the history holds.',
    hint: 'Keep the old path for old runs: raise the version of the workflow.',
  },
  StepCancelled: {
    retry: false,
    summary: 'The scope that the step is in was cancelled, or its branch lost a race.',
    hint: 'Nothing, where the workflow means to; what must go on belongs into wf.shield.',
  },
  UpdateNotDeclared: {
    retry: false,
    summary: 'The contract of the workflow declares no update of that name.',
    hint: 'Use one of `workflows.<name>.updates` in its contract, or declare it there.',
  },
  WorkflowStuck: {
    retry: true,
    summary: 'The code of the run looped without coming to rest; the run is parked.',
    hint: 'Mend the loop at the named line and deploy; the run goes on by itself, or cancel it.',
  },
  OperationUnknown: {
    retry: true,
    summary: 'The history of the run holds an operation that this code does not know.',
    hint: 'Deploy the release that wrote it again, or a later one; the run goes on by itself.',
  },
  ForeignAwait: {
    retry: false,
    summary: 'The workflow awaits something that is not a workflow operation.',
    hint: 'Use wf.sideEffect, wf.sleep or a call; the line is named.',
  },
  VersionUnknown: {
    retry: true,
    summary: 'The run began with a version of its workflow that this code does not have.',
    hint: 'Deploy code that still holds that version.',
  },
  StepTimeout: {
    retry: false,
    summary: 'A step did not finish within its timeout; its outcome is unknown.',
    hint: 'Its compensation, if any, is run.',
  },
  SignalTimeout: {
    retry: false,
    summary: 'No signal arrived within the timeout.',
    hint: 'Send it in time with: mesh runs signal',
  },
  RunPaused: {
    retry: true,
    summary: 'The run is paused and keeps as many messages as it can hold.',
    hint: 'Let it go on with: mesh runs resume',
  },
  RunTerminated: {
    retry: false,
    summary: 'The run was terminated.',
    hint: 'Look at it with: mesh runs show',
  },
  RunDeadlineExceeded: {
    retry: false,
    summary: 'The run did not end within its deadline.',
    hint: 'Its compensations have been run. Give the workflow more time, or find what held it up: mesh runs show',
  },
  ScheduleExists: {
    retry: false,
    summary: 'There is a schedule of this name already, with another plan.',
    hint: 'Change it with: mesh schedules update',
  },
  ScheduleNotFound: {
    retry: false,
    summary: 'There is no schedule of this name.',
    hint: 'List them with: mesh schedules list',
  },
  ScheduleInvalid: {
    retry: false,
    summary: 'The plan of a schedule does not fit the workflow, or is none.',
    hint: 'The message names the field and the rule.',
  },
  QueueFull: {
    retry: true,
    summary: 'As many runs wait for a slot of the same concurrency key as may.',
    hint: 'It is tried again; then redrive its dead letter when the queue is shorter, or raise concurrency.limit.',
  },
  MapReduceFailed: {
    retry: false,
    summary: 'A map-reduce could not be brought to its end.',
    hint: 'The message names the first failure; try its shards again, or tolerate more.',
  },
  GatherFailed: {
    retry: false,
    summary: 'Too few branches of a gather succeeded.',
    hint: 'The message names the first failure; tolerate more, or ask for a lower quorum.',
  },
  QueryFailed: {
    retry: false,
    summary: 'The code of the run could not answer the query at the end of its last turn.',
    hint: 'Correct the function that wf.onQuery registers; the run itself goes on.',
  },
  RunCancelled: { retry: false, summary: 'The run was cancelled.', hint: 'Its compensations have been run.' },
  WorkflowFailed: {
    retry: false,
    summary: 'The workflow threw an error.',
    hint: 'Look at the cause in the history: mesh runs show',
  },
  CompensationFailed: {
    retry: false,
    summary: 'A compensation failed for good; the undo is incomplete.',
    hint: 'See docs/errors.md#compensationfailed, then redrive its dead letter.',
  },
  HistoryTooLarge: {
    retry: false,
    summary: 'The history of a run is over its limit.',
    hint: 'Split the work into several runs.',
  },
} as const satisfies Record<string, ErrorKind>;
