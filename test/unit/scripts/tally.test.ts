import { describe, expect, test } from 'vitest';
import { summaryLine, tallyTests, type VitestReport } from '../../../scripts/gate/tally.ts';

const file = { name: 'a.test.ts', startTime: 0, endTime: 1 };
const green: VitestReport = {
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ ...file, status: 'passed', assertionResults: [{ status: 'passed' }] }],
};

describe('the tally of the tests', () => {
  test('counts what passed, failed and was skipped', () => {
    expect(tallyTests(green, true)).toEqual({ passed: 3, failed: 0, skipped: 0 });
    const mixed: VitestReport = {
      ...green,
      success: false,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      testResults: [{ ...file, status: 'failed', assertionResults: [{ status: 'failed' }] }],
    };
    expect(tallyTests(mixed, false)).toEqual({ passed: 3, failed: 1, skipped: 3 });
  });

  test('counts a file that could not be loaded as a failure', () => {
    const broken = {
      ...green,
      success: false,
      testResults: [{ ...file, status: 'failed', assertionResults: [] }],
    };
    expect(tallyTests(broken, false)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  });

  test('counts a run that failed with no test to blame as a failure', () => {
    expect(tallyTests(green, false).failed).toBe(1);
    expect(tallyTests({ ...green, success: false }, true).failed).toBe(1);
  });

  test('counts a run that left no report as a failure', () => {
    expect(tallyTests(undefined, true)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

test('the summary line speaks of skipped tests only when there are some', () => {
  expect(summaryLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed');
  expect(summaryLine({ passed: 12, failed: 1, skipped: 3 })).toBe('12 passed, 1 failed, 3 skipped');
});
