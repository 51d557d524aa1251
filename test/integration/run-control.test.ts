import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processIo } from '../../cli/io.ts';
import { findTarget, withPorts } from '../../cli/target.ts';
import { runIdOf } from '../../shared/contract/keys.ts';
import { runPath } from '../../shared/contract/names.ts';
import { blankRun } from '../../shared/workflow/fresh-run.ts';
import { encodeRun, type RunRecord } from '../../shared/workflow/run-record.ts';
import { eventually } from '../support/eventually.ts';
import { Project } from './mesh-up/command.ts';

describe('terminating, pausing and resuming a run by the mesh command', () => {
  const project = new Project();
  const runId = runIdOf('fulfill-order', 'held');
  const shown = async (): Promise<unknown> => {
    const { stdout } = await project.run(['runs', 'show', 'held', '--json']);
    return (JSON.parse(stdout) as { run: unknown }).run;
  };
  const becomes = (run: Partial<RunRecord>) =>
    eventually(async () => expect(await shown()).toMatchObject(run), 100);

  beforeAll(async () => {
    await project.up();
    const named = { runId, workflow: 'fulfill-order', version: 1, agent: 'orders', key: 'held' };
    const origin = { correlationId: 'held', inputDigest: 'held', waiters: [] };
    const now = Date.now();
    // One that waits for a slot does nothing for as long as it takes.
    const waiting: RunRecord = {
      ...blankRun({ ...named, ...origin }, now),
      status: 'waiting',
      slot: { value: 'ada', held: false },
      kept: [{ e: 'started', at: now, input: {}, seed: 'seed' }],
    };
    await withPorts(findTarget({ ...processIo, cwd: project.folder }, {}), ({ store }) =>
      store.commit([{ kind: 'create', path: runPath(runId), fields: encodeRun(waiting) }]),
    );
  });
  afterAll(() => project.close());

  test('does so, shows why, and refuses what makes no sense', async () => {
    const early = await project.run(['runs', 'resume', 'held']);
    expect(early).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is waiting, not paused') });

    const paused = await project.run(['runs', 'pause', 'held', '--reason', 'strike']);
    expect(paused).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('is asked to pause') });
    await becomes({ status: 'paused', paused: { compensation: false, reason: 'strike' } });
    expect((await project.run(['runs', 'show', 'held'])).stdout).toMatch(/paused +strike/);

    await project.run(['runs', 'resume', 'held']);
    await becomes({ status: 'waiting' });

    await project.run(['runs', 'terminate', 'held', '--reason', 'no more', '--no-compensation']);
    const failure = { code: 'RunTerminated', message: 'the run was terminated: no more' } as const;
    await becomes({ status: 'terminated', failure });
    const late = await project.run(['runs', 'terminate', 'held']);
    expect(late).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('(RunEnded)') });
  });
});
