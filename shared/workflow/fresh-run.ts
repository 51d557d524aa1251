import type { Contract } from '../contract/agent.ts';
import type { Definitions } from './definitions.ts';
import type { RunRecord } from './run-record.ts';

/** What a run is made with: a part of what its host has. */
export interface Origin {
  readonly contract: Contract;
  readonly definitions: Definitions;
}

type Given = Pick<RunRecord, 'runId' | 'workflow' | 'key' | 'correlationId' | 'inputDigest' | 'waiters'>;

/** A run in the newest version of its workflow, of which nothing has happened yet. */
export function freshRun({ contract, definitions }: Origin, given: Given, now: number): RunRecord {
  const { version } = definitions.newest(given.workflow);
  return blankRun({ ...given, version, agent: contract.name }, now);
}

/** A run of which nothing has happened yet. */
export function blankRun(given: Given & Pick<RunRecord, 'version' | 'agent'>, now: number): RunRecord {
  return {
    ...given,
    status: 'running',
    createdAt: new Date(now),
    updatedAt: new Date(now),
    waitingFor: [],
    steps: { total: 0, done: 0, failed: 0, open: 0 },
    history: '[]',
    pages: 0,
    pagedBytes: 0,
    kept: [],
    rechecks: 0,
    checks: 0,
    revision: '',
  };
}
