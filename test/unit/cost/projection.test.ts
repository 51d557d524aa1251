import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../../cli/cost/fleet.ts';
import { prices } from '../../../cli/cost/prices.ts';
import { project, runCost } from '../../../cli/cost/projection.ts';
import { Workload } from '../../../cli/cost/workload.ts';

const fleet: Fleet = {
  functions: ['orders', 'payments'].map((agent) => ({
    agent,
    cpu: 1,
    memoryMiB: 512,
    concurrency: 20,
    minInstances: 0,
  })),
  schedules: 5,
  secrets: 8,
};
const workload = (given: object) => Workload.parse({ messagesPerSecond: 1, ...given });
const itemOf = (projection: ReturnType<typeof project>, item: string) => {
  const found = projection.items.find((line) => line.item === item);
  if (!found) throw new Error(item);
  return found;
};

describe('a run', () => {
  test('costs one record for each message, and one write of its document for each turn', () => {
    const given = { stepsPerRun: 40, timersPerRun: 0, effectShare: 0, documentsPerStep: 0 };
    expect(runCost(workload(given))).toEqual({
      handled: 81,
      published: 81,
      reads: 122,
      writes: 122,
      expiring: 82,
      taskOperations: 0,
    });
  });

  test('that is none costs its one message', () => {
    const given = { stepsPerRun: 0, effectShare: 1, documentsPerStep: 1 };
    expect(runCost(workload(given))).toEqual({
      handled: 1,
      published: 1,
      reads: 2,
      writes: 3,
      expiring: 1,
      taskOperations: 0,
    });
  });

  test('pays Cloud Tasks for making a timer and for firing it, by each 32 KB', () => {
    expect(runCost(workload({ timersPerRun: 3 })).taskOperations).toBe(6);
    expect(runCost(workload({ timersPerRun: 3, payloadBytes: 40_000 })).taskOperations).toBe(12);
  });
});

describe('a bill', () => {
  test('is nothing for a mesh that nobody sends anything, within what is free', () => {
    const small = { ...fleet, schedules: 3, secrets: 6 };
    const { usd, idleUsd } = project(workload({ messagesPerSecond: 0 }), small);
    expect([usd, idleUsd]).toEqual([0, 0]);
  });

  test('has the jobs and secrets that go beyond what is free', () => {
    const { idleUsd } = project(workload({ messagesPerSecond: 0 }), fleet);
    expect(idleUsd).toBeCloseTo(2 * 0.1 + 2 * 0.06);
  });

  test('has the instances that are kept warm, while they are idle', () => {
    const warm = { ...fleet, functions: fleet.functions.map((each) => ({ ...each, minInstances: 1 })) };
    const idle = project(workload({ messagesPerSecond: 0 }), warm);
    expect(itemOf(idle, 'idle minimum instances, CPU').quantity).toBe(2 * 730 * 3_600);
    const busy = project(workload({ messagesPerSecond: 1_000 }), warm);
    expect(itemOf(busy, 'idle minimum instances, CPU').quantity).toBe(0);
  });

  test('counts no request of Pub/Sub for less than 1,000 bytes, and each twice: published and delivered', () => {
    const { quantity } = itemOf(
      project(workload({ stepsPerRun: 0, payloadBytes: 10 }), fleet),
      'published and delivered',
    );
    expect(quantity).toBe(2 * 1_000 * 730 * 3_600);
  });

  test('bills requests that overlap on an instance once', () => {
    const seconds = (messagesPerSecond: number) =>
      itemOf(project(workload({ messagesPerSecond, cpuMs: 1, waitMs: 100 }), fleet), 'CPU').quantity;
    // Far apart, ten times the messages take ten times as long; close together, less.
    expect(seconds(0.01) / seconds(0.001)).toBeCloseTo(10, 0);
    expect(seconds(100) / seconds(10)).toBeLessThan(9);
  });

  test('grows with every field of the workload, and never falls', () => {
    const fields = fc.constantFrom(
      'messagesPerSecond',
      'stepsPerRun',
      'timersPerRun',
      'documentsPerStep',
      'payloadBytes',
      'cpuMs',
      'waitMs',
      'logBytesPerMessage',
      'runsKeptDays',
      'instanceStarts',
    );
    fc.assert(
      fc.property(fields, fc.nat(1_000), fc.nat(1_000), (field, one, other) => {
        // No field is below what makes the run the same kind of run.
        const usd = (value: number) => project(workload({ [field]: value + 1 }), fleet).usd;
        expect(usd(Math.max(one, other))).toBeGreaterThanOrEqual(usd(Math.min(one, other)));
      }),
    );
  });

  test('is the sum of its lines, and each line names where its price is written', () => {
    const { items, usd } = project(workload({ messagesPerSecond: 50 }), fleet);
    expect(usd).toBeCloseTo(items.reduce((sum, line) => sum + line.usd, 0));
    for (const { source } of items) expect(source).toMatch(/^https:\/\/cloud\.google\.com\//);
    expect(items).toHaveLength(Object.keys(prices).length);
  });
});
