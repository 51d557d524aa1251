import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../../scripts/gate/part.ts';
import { fileTimes, fileTimesTable, timesTable } from '../../../scripts/gate/times.ts';

const result = (file: string, ms: number) => ({
  name: join(root, file),
  startTime: 1_000,
  endTime: 1_000 + ms,
  status: 'passed',
  assertionResults: [],
});

describe('the times of the test files', () => {
  const report = {
    ...{ success: true, numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 },
    testResults: [
      result('test/a.test.ts', 2_500),
      result('test/b.test.ts', 61_000),
      result('test/c.test.ts', 40),
    ],
  };

  test('are listed from the slowest, without those that are quick', () => {
    expect(fileTimes(report).map(({ file }) => file)).toEqual([
      'test/b.test.ts',
      'test/a.test.ts',
      'test/c.test.ts',
    ]);
    expect(fileTimesTable(fileTimes(report))).toBe('  61.0 s  test/b.test.ts\n   2.5 s  test/a.test.ts');
  });

  test('are empty where there is no report', () => {
    expect(fileTimesTable(fileTimes(undefined))).toBe('');
  });
});

test('the table of the parts says which failed, and sums their times', () => {
  const table = timesTable([
    { title: 'Types', passed: true, ms: 1_500 },
    { title: 'Tests', passed: false, ms: 100_000 },
  ]);
  expect(table).toBe('ok      Types     1.5 s\nFAILED  Tests   100.0 s\n        total   101.5 s');
});
