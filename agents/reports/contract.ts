import * as z from 'zod';
import { defineAgent } from '../../shared/contract/index.ts';

/** A day, by UTC. */
const Day = z.iso.date();
const Currency = z.string().regex(/^[a-z]{3}$/);
const Line = z.object({ sku: z.string(), quantity: z.int() });

/** What became of an order, as short as a report needs it. Amounts are in minor units. */
export const Entry = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('fulfilled'),
    orderId: z.string(),
    currency: Currency,
    total: z.int(),
    /** From the start of its run to its fulfilment, in milliseconds. */
    tookMs: z.int().min(0),
    lines: z.array(Line),
  }),
  z.object({ kind: z.literal('rejected'), orderId: z.string(), reason: z.string() }),
  z.object({ kind: z.literal('refunded'), orderId: z.string(), currency: Currency, amount: z.int() }),
]);
export type Entry = z.infer<typeof Entry>;

/**
 * Some of a shard's entries of a day. Each shard of a day has one open sheet; once it is full, its entries are sealed into one that
 * never changes.
 */
export const Sheet = z.object({
  kind: z.literal('sheet'),
  entries: z.array(Entry),
  /** Ids of sealed sheets of the same shard: of the newest, where the sheet is open; else of those that are older than itself. */
  sealed: z.array(z.string()),
  /** The sealed sheet that lists still older ones. */
  before: z.string().optional(),
});
export type Sheet = z.infer<typeof Sheet>;

const Counts = z.record(z.string(), z.int());

/** Entries counted together. */
export const Tally = z.object({
  kind: z.literal('tally'),
  fulfilled: z.int(),
  rejected: z.int(),
  refunded: z.int(),
  /** By currency. */
  revenue: Counts,
  refunds: Counts,
  /** How many were rejected, by reason. */
  reasons: Counts,
  /** Pieces sold, by article; of the articles that sold least, together. */
  skus: Counts,
  otherPieces: z.int(),
  /** How many took so long, by bucket. */
  took: Counts,
});
export type Tally = z.infer<typeof Tally>;

const Amount = z.object({ currency: Currency, amount: z.int() });

export const Report = z.object({
  kind: z.literal('report'),
  day: Day,
  madeAt: z.iso.datetime(),
  fulfilled: z.int(),
  rejected: z.int(),
  /** Payments that were given back. */
  refunded: z.int(),
  /** What the fulfilled orders cost, by currency. */
  revenue: z.array(Amount),
  refunds: z.array(Amount),
  reasons: z.array(z.object({ reason: z.string(), count: z.int() })),
  pieces: z.int(),
  topSkus: z.array(Line),
  /** From the start of a fulfilled order's run to its fulfilment, within 1 %. 0 where none was fulfilled. */
  tookMs: z.object({ p50: z.int(), p95: z.int() }),
});
export type Report = z.infer<typeof Report>;

/** A sealed sheet: its shard and its id. */
export const SheetRef = z.object({ shard: z.int().min(0), id: z.string() });
export type SheetRef = z.infer<typeof SheetRef>;

/** Sealed sheets that list older ones, `<shard>:<id>` each. */
const Token = z.string().regex(/^\d+:[^,:]+(,\d+:[^,:]+)*$/);

const Page = z.object({
  items: z.array(SheetRef),
  /** What the next page is read by. Left out: this is the last. */
  next: Token.optional(),
});

/** The first page of a snapshot, as it was when it was first asked for. */
const FirstPage = Page.extend({ kind: z.literal('page') });

const ReportsState = z.discriminatedUnion('kind', [Sheet, FirstPage, Tally, Report]);
export type ReportsState = z.infer<typeof ReportsState>;

/** Names a tally that is kept. */
const TallyId = z.string();

export const reportKey = (day: string) => `report:${day}`;

const OrderId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
const Time = z.iso.datetime({ offset: true });

export const reports = defineAgent({
  name: 'reports',
  description: 'Reports on the orders of each day.',
  commands: {
    /** Lists the sealed sheets of a day, after sealing what is open: the entries that a report is made of, at one moment. */
    page: {
      input: z.object({
        day: Day,
        /** Names what is sealed for this report: asked for again, its pages are the same. */
        snapshot: z.string(),
        /** Of the page before; null for the first. */
        token: Token.nullable(),
      }),
      output: Page,
    },
    /** Counts the entries of some sheets. */
    tally: {
      input: z.object({ day: Day, items: z.array(SheetRef).min(1) }),
      output: TallyId,
    },
    /** Adds tallies up. */
    combine: {
      input: z.object({ results: z.array(TallyId).min(1) }),
      output: TallyId,
    },
    /** Makes the report of a day of its tally and keeps it. */
    file: {
      input: z.object({ day: Day, tally: TallyId.optional() }),
      /** `to`: whom the text is for; left out where nobody is to be told. */
      output: z.object({ report: Report, text: z.string(), to: z.string().optional() }),
    },
  },
  workflows: {
    'daily-report': {
      /** By UTC: a day, or the one that is, or was, when the run begins. */
      input: z.object({ day: z.union([Day, z.enum(['today', 'yesterday'])]) }),
      output: Report,
    },
  },
  schedules: {
    // Some minutes after midnight, when what ended before it has been heard of.
    'daily-report': { cron: '10 0 * * *', message: 'daily-report', input: { day: 'yesterday' } },
  },
  subscribes: {
    'orders.fulfilled': {
      data: z.object({
        orderId: OrderId,
        total: z.int(),
        currency: Currency,
        lines: z.array(Line),
        placedAt: Time,
        fulfilledAt: Time,
      }),
    },
    'orders.rejected': { data: z.object({ orderId: OrderId, reason: z.string(), rejectedAt: Time }) },
    'payments.refunded': {
      data: z.object({ orderId: OrderId, amount: z.int(), currency: Currency, refundedAt: Time }),
    },
  },
  calls: ['notifications'],
  settings: ['REPORTS_PHONE'],
  state: { schema: ReportsState, keep: '400d' },
  retry: { minBackoff: '100ms', maxBackoff: '30s', maxAttempts: 20 },
});
