import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPart, type Verdict } from './part.ts';
import { type Tally, tallyTests, type VitestReport } from './tally.ts';
import { type FileTime, fileTimes } from './times.ts';

/** How the tests went, and how long each of their files took. */
export interface TestRun {
  readonly verdict: Verdict;
  readonly tally: Tally;
  readonly files: readonly FileTime[];
}

/**
 * Runs the tests and counts them.
 *
 * @param filters handed to vitest as they are: paths, or options such as `-t <name>`
 */
export async function runTests(filters: readonly string[]): Promise<TestRun> {
  const folder = mkdtempSync(join(tmpdir(), 'agent-mesh-gate-'));
  const file = join(folder, 'tests.json');
  try {
    const verdict = await runPart({
      title: 'Tests',
      program: 'node_modules/vitest/vitest.mjs',
      args: ['run', ...reporters(), '--reporter=json', `--outputFile.json=${file}`, ...filters],
    });
    const report = readReport(file);
    return { verdict, tally: tallyTests(report, verdict.passed), files: fileTimes(report) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function reporters(): string[] {
  const annotated = process.env.GITHUB_ACTIONS === 'true';
  return ['--reporter=default', ...(annotated ? ['--reporter=github-actions'] : [])];
}

function readReport(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
