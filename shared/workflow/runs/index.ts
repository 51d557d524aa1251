/** The door for those who look after runs: find, read, repeat, cancel, check and purge them. */
export { cancellableRuns, cancelRuns } from './cancel-runs.ts';
export { checkHistory, type Mismatch } from './check-history.ts';
export type { Repeated } from './cut.ts';
export { type ExportedRun, exportedPayloads, exportRun, parseExportedRun } from './export-run.ts';
export { purgeRuns } from './purge-runs.ts';
export { type RecordedRun, readRecordedRun, readRun, recordedRun } from './recorded-run.ts';
export { beginRerun, type Code, type Operator, planFork, planRerun, type Rerun } from './rerun.ts';
export { type AttributeCondition, allRuns, listRuns, type RunFilter } from './run-page.ts';
