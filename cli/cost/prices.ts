/** What a unit of something costs, and where that is written. */
export interface Price {
  /** Dollars for `per` units. */
  readonly usd: number;
  readonly per: number;
  readonly unit: string;
  /** Units a month that cost nothing. They are counted for the whole billing account, or project, whatever else runs there. */
  readonly free: number;
  readonly source: string;
  /** When the figure was last read at its source, or by whom it was carried over; undefined where it is only remembered. */
  readonly seen?: string;
}

const MILLION = 1_000_000;
const RUN = 'https://cloud.google.com/run/pricing';
const FIRESTORE = 'https://cloud.google.com/firestore/pricing';
const SEEN = '2026-11-21';

/**
 * List prices in dollars of us-central1 (Cloud Run: tier 1, billed by request). Other regions cost more, discounts for commitment less.
 * Firestore's free quota is for the database called `(default)`, and is left out.
 */
export const prices = {
  runCpu: price(2.4e-5, 1, 'vCPU-second', 180_000, RUN, SEEN),
  runMemory: price(2.5e-6, 1, 'GiB-second', 360_000, RUN, SEEN),
  runRequests: price(0.4, MILLION, 'request', 2 * MILLION, RUN, SEEN),
  runIdleCpu: price(2.5e-6, 1, 'vCPU-second', 0, RUN),
  runIdleMemory: price(2.5e-6, 1, 'GiB-second', 0, RUN),
  pubsubVolume: price(40, 2 ** 40, 'byte', 10 * 2 ** 30, 'https://cloud.google.com/pubsub/pricing', SEEN),
  firestoreReads: price(0.03, 100_000, 'document', 0, FIRESTORE, SEEN),
  firestoreWrites: price(0.09, 100_000, 'document', 0, FIRESTORE, SEEN),
  firestoreDeletes: price(0.01, 100_000, 'document', 0, FIRESTORE, SEEN),
  firestoreStorage: price(0.15, 2 ** 30, 'byte-month', 0, FIRESTORE),
  tasksOperations: price(
    0.4,
    MILLION,
    'operation',
    MILLION,
    'https://cloud.google.com/tasks/docs/pricing',
    SEEN,
  ),
  schedulerJobs: price(0.1, 1, 'job', 3, 'https://cloud.google.com/scheduler/pricing', SEEN),
  secretVersions: price(0.06, 1, 'version', 6, 'https://cloud.google.com/secret-manager/pricing', SEEN),
  secretAccesses: price(
    0.03,
    10_000,
    'access',
    10_000,
    'https://cloud.google.com/secret-manager/pricing',
    SEEN,
  ),
  logs: price(0.5, 2 ** 30, 'byte', 50 * 2 ** 30, 'https://cloud.google.com/stackdriver/pricing', SEEN),
} satisfies Readonly<Record<string, Price>>;

export type Prices = Readonly<Record<keyof typeof prices, Price>>;

function price(usd: number, per: number, unit: string, free: number, source: string, seen?: string): Price {
  return { usd, per, unit, free, source, ...(seen !== undefined && { seen }) };
}
