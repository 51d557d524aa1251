import { relative } from 'node:path';
import { root, type Verdict } from './part.ts';
import type { VitestReport } from './tally.ts';

/** How long the tests of one file took. */
export interface FileTime {
  /** Its path, from the root of the checkout. */
  readonly file: string;
  readonly ms: number;
}

/** Files that are not worth a line: each took less. */
const SHORT_MS = 2_000;
const MOST_FILES = 20;

/** The times of all files, the longest first. Files run at the same time: they add up to more than the whole took. */
export function fileTimes(report: VitestReport | undefined): FileTime[] {
  return (report?.testResults ?? [])
    .map(({ name, startTime, endTime }) => ({ file: relative(root, name), ms: endTime - startTime }))
    .sort((a, b) => b.ms - a.ms);
}

/** A line for each of the slowest files; no line where all are quick. */
export function fileTimesTable(files: readonly FileTime[]): string {
  return files
    .filter(({ ms }) => ms >= SHORT_MS)
    .slice(0, MOST_FILES)
    .map(({ file, ms }) => `${seconds(ms)}  ${file}`)
    .join('\n');
}

/** A line for each part of the gate: how it went and how long it took. */
export function timesTable(verdicts: readonly Verdict[]): string {
  const total = verdicts.reduce((sum, { ms }) => sum + ms, 0);
  const width = Math.max(5, ...verdicts.map(({ title }) => title.length));
  const row = (mark: string, title: string, ms: number) => `${mark}  ${title.padEnd(width)}  ${seconds(ms)}`;
  return [
    ...verdicts.map(({ passed, title, ms }) => row(passed ? 'ok    ' : 'FAILED', title, ms)),
    row('      ', 'total', total),
  ].join('\n');
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1).padStart(6)} s`;
