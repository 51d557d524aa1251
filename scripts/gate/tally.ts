/** What the gate counts: tests, and everything else that failed. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The fields of vitest's JSON report that are read. https://vitest.dev/guide/reporters.html#json-reporter */
export interface VitestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    /** The path of the file. */
    readonly name: string;
    /** Milliseconds since the epoch. */
    readonly startTime: number;
    readonly endTime: number;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * Counts a run of the tests. A file that could not be loaded counts as one failure, and so does a run that failed with
 * no test to blame (an unhandled error, no file found) or left no report at all.
 */
export function tallyTests(report: VitestReport | undefined, exitedWell: boolean): Tally {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + broken;
  const blameless = failed === 0 && !(report.success && exitedWell) ? 1 : 0;
  return {
    passed: report.numPassedTests,
    failed: failed + blameless,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** The last line of the gate's output, which machines read: `12 passed, 0 failed`, and `, 3 skipped` if any were. */
export function summaryLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
