import { INBOX_RETENTION_MS } from '../../shared/kernel/inbox.ts';
import type { Fleet, FunctionSize } from './fleet.ts';
import { prices as listPrices, type Price, type Prices } from './prices.ts';
import type { Workload } from './workload.ts';

/** One line of a bill. */
export interface LineItem {
  readonly service: string;
  readonly item: string;
  /** Units a month, before what is free is taken off. */
  readonly quantity: number;
  readonly unit: string;
  readonly usd: number;
  readonly source: string;
  readonly seen?: string;
}

export interface Projection {
  readonly items: readonly LineItem[];
  readonly usd: number;
  /** What the mesh costs in a month in which nobody sends it anything. */
  readonly idleUsd: number;
  /** Of all messages, steps and runs: dollars for a million runs, what is free not taken off. */
  readonly usdPerMillionRuns: number;
}

const SECONDS = 730 * 3_600;
const DAYS = SECONDS / 86_400;
/** Of a message's envelope: its attributes, its id and its time; about 450 bytes were counted of the sample's messages. */
const ENVELOPE_BYTES = 450;
/** Pub/Sub bills no request for less (https://cloud.google.com/pubsub/pricing). */
const LEAST_REQUEST_BYTES = 1_000;
/** Cloud Tasks counts a task by each 32 KB (https://cloud.google.com/tasks/docs/pricing). */
const TASK_CHUNK_BYTES = 32 * 1_024;
/** Cloud Run bills by 100 ms begun: half of one, on the average, on top of what was used. */
const ROUNDING_MS = 50;
/** Cloud Run adds instances so as to keep them below this share of their concurrency and CPU. */
const UTILISATION = 0.6;
const INBOX_DAYS = INBOX_RETENTION_MS / 86_400_000;
/** Keys, index entries and metadata of a document, beside its payload. */
const DOCUMENT_BYTES = 600;

/** What one message from outside causes, all of its run taken together. */
export interface RunCost {
  readonly handled: number;
  readonly published: number;
  readonly reads: number;
  readonly writes: number;
  readonly expiring: number;
  readonly taskOperations: number;
}

/**
 * The documents and messages of one run, as the design has them (I5): each message is published, pushed and recorded once; a step in
 * `effect` mode writes its claim before; the run's document is read and written for its start, each reply and each timer. The reads are those
 * of cold instances: warm ones go without most of them.
 */
export function runCost(workload: Workload): RunCost {
  const { stepsPerRun: steps, timersPerRun: timers, effectShare, documentsPerStep, payloadBytes } = workload;
  const turns = steps === 0 ? 0 : 1 + steps + timers;
  const handled = steps === 0 ? 1 : turns + steps;
  const handlings = steps === 0 ? 1 : steps;
  const own = handlings * documentsPerStep;
  const chunks = Math.max(1, Math.ceil((payloadBytes + ENVELOPE_BYTES) / TASK_CHUNK_BYTES));
  return {
    handled,
    published: handled,
    reads: handled + turns + own,
    writes: handled + turns + own + handlings * effectShare,
    expiring: handled + (steps === 0 ? 0 : 1),
    taskOperations: steps === 0 ? 0 : 2 * timers * chunks,
  };
}

/** The bill of a month for `workload` on `fleet`. */
export function project(workload: Workload, fleet: Fleet, prices: Prices = listPrices): Projection {
  const items = itemsOf(workload, fleet, prices, taken);
  const runs = workload.messagesPerSecond * SECONDS;
  const gross = itemsOf(workload, { ...fleet, schedules: 0, secrets: 0 }, prices, (quantity) => quantity);
  const idle = itemsOf({ ...workload, messagesPerSecond: 0, instanceStarts: 0 }, fleet, prices, taken);
  const kept = ({ item }: LineItem) => !item.startsWith('idle');
  return {
    items,
    usd: total(items),
    idleUsd: total(idle),
    usdPerMillionRuns: runs === 0 ? 0 : (total(gross.filter(kept)) / runs) * 1_000_000,
  };
}

type Billed = (quantity: number, price: Price) => number;

const taken: Billed = (quantity, { free }) => Math.max(0, quantity - free);
const total = (items: readonly LineItem[]) => items.reduce((sum, { usd }) => sum + usd, 0);

function itemsOf(workload: Workload, fleet: Fleet, prices: Prices, billed: Billed): LineItem[] {
  const run = runCost(workload);
  const runs = workload.messagesPerSecond * SECONDS;
  const handled = runs * run.handled;
  const message = Math.max(LEAST_REQUEST_BYTES, workload.payloadBytes + ENVELOPE_BYTES);
  const recorded = (workload.payloadBytes + DOCUMENT_BYTES) * run.handled;
  const stored = runs * (recorded * (INBOX_DAYS / DAYS) + recorded * (workload.runsKeptDays / DAYS));
  const busy = busySeconds(workload, fleet, run.handled);
  const line = (service: string, item: string, quantity: number, price: Price): LineItem => ({
    service,
    item,
    quantity,
    unit: price.unit,
    usd: (billed(quantity, price) / price.per) * price.usd,
    source: price.source,
    ...(price.seen !== undefined && { seen: price.seen }),
  });
  return [
    line(
      'Cloud Run',
      'CPU',
      sum(busy, ({ seconds, size }) => seconds * size.cpu),
      prices.runCpu,
    ),
    line(
      'Cloud Run',
      'memory',
      sum(busy, ({ seconds, size }) => seconds * gib(size)),
      prices.runMemory,
    ),
    line('Cloud Run', 'requests', handled, prices.runRequests),
    line(
      'Cloud Run',
      'idle minimum instances, CPU',
      sum(
        busy,
        idleOf((size) => size.cpu),
      ),
      prices.runIdleCpu,
    ),
    line('Cloud Run', 'idle minimum instances, memory', sum(busy, idleOf(gib)), prices.runIdleMemory),
    line('Pub/Sub', 'published and delivered', 2 * runs * run.published * message, prices.pubsubVolume),
    line('Firestore', 'documents read', runs * run.reads, prices.firestoreReads),
    line('Firestore', 'documents written', runs * run.writes, prices.firestoreWrites),
    line('Firestore', 'documents expired', runs * run.expiring, prices.firestoreDeletes),
    line('Firestore', 'stored', stored, prices.firestoreStorage),
    line('Cloud Tasks', 'operations', runs * run.taskOperations, prices.tasksOperations),
    line('Cloud Scheduler', 'jobs', fleet.schedules, prices.schedulerJobs),
    line('Secret Manager', 'active versions', fleet.secrets, prices.secretVersions),
    line(
      'Secret Manager',
      'accesses',
      fleet.secrets === 0 ? 0 : workload.instanceStarts,
      prices.secretAccesses,
    ),
    line('Cloud Logging', 'ingested', handled * workload.logBytesPerMessage, prices.logs),
  ];
}

interface Busy {
  readonly size: FunctionSize;
  /** Seconds of a month in which instances answer at least one request each. */
  readonly seconds: number;
}

/**
 * How long instances are billed for. Requests that overlap on an instance are billed once: with few of them an instance is busy for the
 * share `1 − e^−load` of the time, and with many there are as many instances as their concurrency and CPU ask for.
 */
function busySeconds(workload: Workload, { functions }: Fleet, handledPerRun: number): Busy[] {
  const perSecond = (workload.messagesPerSecond * handledPerRun) / Math.max(1, functions.length);
  return functions.map((size) => {
    const load = (perSecond * (workload.cpuMs + workload.waitMs + ROUNDING_MS)) / 1_000;
    const instances = Math.max(
      1 - Math.exp(-load),
      load / (size.concurrency * UTILISATION),
      (perSecond * workload.cpuMs) / 1_000 / (size.cpu * UTILISATION),
    );
    return { size, seconds: load === 0 ? 0 : instances * SECONDS };
  });
}

const gib = ({ memoryMiB }: FunctionSize) => memoryMiB / 1_024;
const idleOf =
  (amount: (size: FunctionSize) => number) =>
  ({ size, seconds }: Busy) =>
    Math.max(0, size.minInstances * SECONDS - seconds) * amount(size);
const sum = (busy: readonly Busy[], amount: (each: Busy) => number) =>
  busy.reduce((all, each) => all + amount(each), 0);
