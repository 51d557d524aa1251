import { expect, test } from 'vitest';
import { paletteFor } from '../../../cli/output/palette.ts';
import { reconcile } from '../../../cli/sample/reconcile.ts';
import { buildReport, reportText } from '../../../cli/sample/report.ts';
import { honestDay } from './shop.ts';

const timing = { readyMs: 812.4, firstOrderMs: 2_345.6, totalMs: 9_000 };
const palette = paletteFor({ write: () => true }, {});

test('the report counts every order once', () => {
  const day = honestDay();
  const reconciliation = reconcile(day);
  const report = buildReport({ reconciliation, runs: day.runs, timing, seed: 5 });
  expect(report).toMatchObject({
    orders: 40,
    open: 0,
    balanced: true,
    readyMs: 812,
    firstOrderMs: 2_346,
    totalMs: 9_000,
    seed: 5,
    chaos: false,
  });
  expect(report.fulfilled + report.refunded + report.rejected).toBe(40);
  expect(report.fulfilled).toBe(day.runs.filter(({ status }) => status === 'completed').length);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('times are measured from the publishing of the order, over the fulfilled ones', () => {
  const day = honestDay();
  const reconciliation = reconcile(day);
  const publishedAt = new Map(
    day.runs.map(({ key, endedAt }, at) => [key, (endedAt?.getTime() ?? 0) - (at < 20 ? 100 : 300)]),
  );
  const { latencyMs } = buildReport({ reconciliation, runs: day.runs, publishedAt, timing, seed: 5 });
  expect(latencyMs.p95).toBe(300);
  expect([100, 300]).toContain(latencyMs.p50);
});

test('a day without any fulfilled order has a report too', () => {
  const day = honestDay();
  const runs = day.runs.map((run) => ({ ...run, status: 'failed' }));
  const report = buildReport({ reconciliation: reconcile({ ...day, runs }), runs, timing, seed: 5 });
  expect(report).toMatchObject({ fulfilled: 0, latencyMs: { p50: 0, p95: 0 }, balanced: false });
});

test('people are told what is wrong', () => {
  const day = honestDay();
  day.books.shipping.live.pop();
  const report = buildReport({ reconciliation: reconcile(day), runs: day.runs, timing, seed: 5 });
  const text = reportText(report, palette);
  expect(text).toContain('do NOT balance');
  expect(text).toMatch(/WRONG +one label per fulfilled order/);
  expect(text).toMatch(/out_of_stock +\d+ +[\d.]+ %/);
});
