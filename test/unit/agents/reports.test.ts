import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  type Entry,
  type Report,
  reportKey,
  reports,
  type SheetRef,
} from '../../../agents/reports/contract.ts';
import { handlers } from '../../../agents/reports/handler.ts';
import { quantileOf, sumOf, tallyOf } from '../../../agents/reports/tally.ts';
import { dailyReport } from '../../../agents/reports/workflow.ts';
import { rejected, silentLog } from '../../../shared/contract/index.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import type { WorkflowContext } from '../../../shared/workflow/index.ts';
import { Desk } from '../../support/desk.ts';

const DAY = '2026-01-01';

let clock: ManualClock;
let desk: Desk;
let snapshots = 0;
beforeEach(() => {
  clock = new ManualClock(Date.parse(`${DAY}T12:00:00Z`));
  desk = new Desk({ agent: reports, handlers, clock, settings: { REPORTS_PHONE: '+15555550101' } });
});

const fulfilled = (orderId: string, more: object = {}) =>
  desk.send('orders.fulfilled', {
    orderId,
    total: 1_000,
    currency: 'eur',
    lines: [{ sku: 'MUG', quantity: 2 }],
    placedAt: `${DAY}T10:00:00.000Z`,
    fulfilledAt: `${DAY}T10:00:02.000Z`,
    ...more,
  });
const refused = (orderId: string, reason: string, rejectedAt = `${DAY}T10:00:00.000Z`) =>
  desk.send('orders.rejected', { orderId, reason, rejectedAt });
const refunded = (orderId: string, amount: number) =>
  desk.send('payments.refunded', { orderId, amount, currency: 'eur', refundedAt: `${DAY}T10:00:01.000Z` });

interface Text {
  readonly to: string;
  readonly text: string;
}
interface Part {
  readonly ref: { readonly name: string };
  readonly with: object;
}
interface MapReduce {
  readonly read: Part;
  readonly map: Part;
  readonly reduce: Part;
  readonly shardSize: number;
}

/** What `wf.mapReduce` does, one command after the other. */
async function mapReduce(
  { read, map, reduce, shardSize }: MapReduce,
  command: (name: string, input: object) => Promise<unknown>,
) {
  let results: unknown[] = [];
  let token: string | null = null;
  do {
    const asked = { ...read.with, token };
    const page = (await command(read.ref.name, asked)) as { items: SheetRef[]; next?: string };
    for (let at = 0; at < page.items.length; at += shardSize)
      results.push(await command(map.ref.name, { ...map.with, items: page.items.slice(at, at + shardSize) }));
    token = page.next ?? null;
  } while (token !== null);
  while (results.length > 1) {
    const reduced: unknown[] = [];
    for (let at = 0; at < results.length; at += 10)
      reduced.push(await command(reduce.ref.name, { ...reduce.with, results: results.slice(at, at + 10) }));
    results = reduced;
  }
  return { result: results[0] };
}

/** Runs the workflow with the agent's own commands, and a desk that texts. */
async function report(day: string, texting: (text: Text) => Promise<unknown> = async () => ({ sid: 'SM1' })) {
  const texts: Text[] = [];
  const calls: string[] = [];
  const command = async (name: string, input: unknown) => {
    calls.push(name);
    return desk.send(name, input);
  };
  const wf = {
    log: silentLog,
    now: () => new Date(clock.now()),
    uuid: () => `snapshot-${++snapshots}`,
    mapReduce: (options: MapReduce) => mapReduce(options, command),
    call: async (ref: { readonly agent: string; readonly name: string }, input: unknown) => {
      if (ref.agent === 'reports') return command(ref.name, input);
      calls.push(ref.name);
      texts.push(input as Text);
      return texting(input as Text);
    },
  } as unknown as WorkflowContext;
  const made = (await dailyReport.run(wf, { day })) as Report;
  return { made, texts, calls };
}

describe('the report of a day', () => {
  test('tells revenue, refunds, reasons, what sold most, and how long it took', async () => {
    await fulfilled('o-1');
    await fulfilled('o-2', { total: 500, currency: 'usd', lines: [{ sku: 'TEA', quantity: 3 }] });
    await fulfilled('o-3', { fulfilledAt: `${DAY}T10:00:09.000Z` });
    await refused('o-4', 'card_declined');
    await refused('o-5', 'out_of_stock');
    await refused('o-6', 'out_of_stock');
    await refunded('o-5', 700);
    const { made } = await report('today');
    expect(made).toMatchObject({
      day: DAY,
      fulfilled: 3,
      rejected: 3,
      refunded: 1,
      revenue: [
        { currency: 'eur', amount: 2_000 },
        { currency: 'usd', amount: 500 },
      ],
      refunds: [{ currency: 'eur', amount: 700 }],
      reasons: [
        { reason: 'out_of_stock', count: 2 },
        { reason: 'card_declined', count: 1 },
      ],
      pieces: 7,
      topSkus: [
        { sku: 'MUG', quantity: 4 },
        { sku: 'TEA', quantity: 3 },
      ],
    });
    expect(made.tookMs.p50 / 2_000).toBeCloseTo(1, 1);
    expect(made.tookMs.p95 / 9_000).toBeCloseTo(1, 1);
    expect(desk.state.get(reportKey(DAY))).toEqual(made);
  });

  test('is texted to a number of its own, in words, and names no order', async () => {
    await fulfilled('o-1', { total: 123_456 });
    await refused('o-2', 'out_of_stock');
    const { texts } = await report(DAY);
    expect(texts).toEqual([
      {
        to: '+15555550101',
        text: `Orders of ${DAY} (UTC): 1 fulfilled, 1 rejected, 0 refunded. Revenue: EUR 1,234.56. Rejected for: out_of_stock 1. Sold most: MUG 2. Time to fulfil: p50 2.0 s, p95 2.0 s.`,
      },
    ]);
  });

  test('is made although nobody can be told of it', async () => {
    const failing = async () => {
      throw rejected('invalid_phone', 'no phone');
    };
    expect((await report(DAY, failing)).made.day).toBe(DAY);
    desk = new Desk({ agent: reports, handlers, clock });
    expect((await report(DAY)).texts).toEqual([]);
  });

  test('without any order says so', async () => {
    const { made, calls } = await report(DAY);
    expect(made).toMatchObject({ fulfilled: 0, revenue: [], topSkus: [], tookMs: { p50: 0, p95: 0 } });
    expect(calls).toEqual(['page', 'file', 'notify']);
  });

  test('holds what ended on that day, by UTC', async () => {
    await refused('o-1', 'late', '2025-12-31T23:59:59.999Z');
    await refused('o-2', 'late', '2026-01-01T00:00:00.000Z');
    await refused('o-3', 'late', '2026-01-01T00:30:00.000+01:00');
    expect((await report('today')).made.rejected).toBe(1);
    expect((await report('yesterday')).made).toMatchObject({ day: '2025-12-31', rejected: 2 });
  });

  test('made again holds what came meanwhile, too', async () => {
    await fulfilled('o-1');
    await report(DAY);
    await fulfilled('o-2');
    await report(DAY);
    expect((await report(DAY)).made.fulfilled).toBe(2);
  });
});

describe('many orders of one day', () => {
  test('are counted each once, in documents that stay small', async () => {
    // Enough for the lists of sealed sheets to be sealed themselves.
    const orders = 70_000;
    const [sent, at] = [desk.send.bind(desk), `${DAY}T10:00:00.000Z`];
    for (let n = 0; n < orders; n++)
      await sent('orders.rejected', { orderId: `o-${n}`, reason: `r${n % 3}`, rejectedAt: at });
    const { made, calls } = await report(DAY);
    expect(made.rejected).toBe(orders);
    expect(made.reasons.map(({ count }) => count).reduce((sum, count) => sum + count, 0)).toBe(orders);
    expect(calls.filter((name) => name === 'page').length).toBeGreaterThan(1);
    const sizes = [...desk.state.values()].map((document) => JSON.stringify(document).length);
    expect(Math.max(...sizes)).toBeLessThan(20_000);
  });

  test('are listed as they were at one moment', async () => {
    await fulfilled('o-1');
    const page = { day: DAY, snapshot: 's-1', token: null };
    const first = await desk.send('page', page);
    await refunded('o-1', 1_000);
    await refused('o-2', 'late');
    expect(await desk.send('page', page)).toEqual(first);
    const tally = await desk.send('tally', { day: DAY, items: first.items });
    expect(desk.state.get(String(tally))).toMatchObject({ fulfilled: 1, rejected: 0, refunded: 0 });
    expect((await report(DAY)).made).toMatchObject({ fulfilled: 1, rejected: 1, refunded: 1 });
  });
});

describe('a tally', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const count = fc.integer({ min: 1, max: 1_000 });
  const entry: fc.Arbitrary<Entry> = fc.oneof(
    fc.record({
      kind: fc.constant('fulfilled' as const),
      orderId: name,
      currency: fc.constantFrom('eur', 'usd'),
      total: count,
      tookMs: fc.integer({ min: 0, max: 10_000_000 }),
      lines: fc.array(fc.record({ sku: name, quantity: count }), { maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant('rejected' as const), orderId: name, reason: name }),
    fc.record({
      kind: fc.constant('refunded' as const),
      orderId: name,
      currency: fc.constantFrom('eur', 'usd'),
      amount: count,
    }),
  );

  test('of parts, added up, is the tally of the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.array(entry)), (parts) => {
        expect(sumOf(parts.map(tallyOf))).toEqual(tallyOf(parts.flat()));
      }),
    );
  });

  test('tells a quantile within 1 %', () => {
    const times = fc.array(fc.integer({ min: 1, max: 100_000_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(times, fc.constantFrom(0.5, 0.95, 1), (tookMs, share) => {
        const entries = tookMs.map(
          (ms): Entry => ({
            kind: 'fulfilled',
            orderId: 'o',
            currency: 'eur',
            total: 1,
            tookMs: ms,
            lines: [],
          }),
        );
        const exact = tookMs.toSorted((a, b) => a - b)[Math.ceil(share * tookMs.length) - 1] ?? 0;
        expect(Math.abs(quantileOf(tallyOf(entries), share) - exact)).toBeLessThanOrEqual(0.01 * exact + 0.5);
      }),
    );
  });

  test('of more articles than it holds counts those that sold least together', () => {
    const lines = Array.from({ length: 3_000 }, (_, n) => ({ sku: `S-${n}`, quantity: n + 1 }));
    const base = { kind: 'fulfilled' as const, orderId: 'o', currency: 'eur', total: 1, tookMs: 1 };
    const whole = tallyOf([{ ...base, lines }]);
    expect(Object.keys(whole.skus)).toHaveLength(2_000);
    expect(whole.skus['S-2999']).toBe(3_000);
    expect(whole.otherPieces).toBe((1_000 * 1_001) / 2);
  });
});
