import { Firestore } from '@google-cloud/firestore';
import type { Suite } from './measure.ts';
import type { Target } from './target.ts';

const SETS = 3_000;
const TRANSACTIONS = 1_000;
const CONTENDERS = 20;
const STORED = 1_000_000;
const COMMIT = 500;

export const firestore: Suite = {
  service: 'firestore',
  measures: [
    {
      figure: 'spawn to first document written',
      unit: 'ms',
      better: 'less',
      goal: 3,
      run: (target) => withClient(target, async () => performance.now() - target.spawnedAt),
    },
    {
      figure: 'memory, idle',
      unit: 'MB',
      better: 'less',
      goal: 1.5,
      run: (target) => withClient(target, async () => target.memory()),
    },
    {
      figure: 'set(), one after the other, median',
      unit: 'ms',
      better: 'less',
      goal: 1,
      run: (target) => withClient(target, medianSet),
    },
    {
      figure: `${TRANSACTIONS.toLocaleString('en')} transactions, one after the other`,
      unit: 'transactions/s',
      better: 'more',
      goal: 1,
      run: (target) =>
        withClient(target, async (client) => {
          await increments(client, 200, 1);
          return perSecond(TRANSACTIONS, () => increments(client, TRANSACTIONS, 1));
        }),
    },
    {
      figure: `${CONTENDERS} transactions at once on one document`,
      unit: 'ms',
      better: 'less',
      goal: 20,
      run: (target) =>
        withClient(target, async (client) => {
          await increments(client, 50, 1);
          const started = performance.now();
          await increments(client, CONTENDERS, CONTENDERS);
          return performance.now() - started;
        }),
    },
    {
      figure: `memory after ${SETS.toLocaleString('en')} sets and ${TRANSACTIONS.toLocaleString('en')} transactions`,
      unit: 'MB',
      better: 'less',
      goal: 1.5,
      run: (target) =>
        withClient(target, async (client) => {
          await medianSet(client);
          await increments(client, TRANSACTIONS, 1);
          return target.memory();
        }),
    },
    {
      figure: 'memory with 1,000,000 documents of 5 fields, 3 indexes asked for',
      unit: 'MB',
      better: 'less',
      most: 1_400,
      oursOnly: "Google's is not asked for it",
      run: (target) =>
        withClient(target, async (client) => {
          await store(client, 'items', STORED);
          await askIndexes(client, 'items', STORED);
          return target.memory();
        }),
    },
    {
      figure: 'query of 10 by an equality and an order: of 200,000 documents against of 2,000',
      unit: '× the time',
      better: 'less',
      most: 2,
      oursOnly: 'it is about how the cost grows',
      run: (target) =>
        withClient(target, async (client) => {
          const small = await medianQuery(client, 'small', 2_000);
          return (await medianQuery(client, 'large', 200_000)) / small;
        }),
    },
  ],
};

/** With a client that has written its first document: Google's takes connections before it serves. */
async function withClient(target: Target, use: (client: Firestore) => Promise<number>): Promise<number> {
  const [host, port] = target.address.split(':');
  const client = new Firestore({
    projectId: 'bench',
    host: `${host}:${port}`,
    ssl: false,
    customHeaders: OWNER,
  });
  try {
    await client.doc('bench/first').set({ n: 0 });
    return await use(client);
  } finally {
    await client.terminate();
  }
}

/** Whom emulators let do anything, as the clients say by themselves where `FIRESTORE_EMULATOR_HOST` is set. */
const OWNER = { Authorization: 'Bearer owner' };

async function medianSet(client: Firestore): Promise<number> {
  let at = 0;
  const set = () =>
    client.doc(`bench/set-${at++}`).set({ name: `name ${at}`, n: at, at: new Date(), open: true });
  await timesOf(300, set);
  return median(await timesOf(SETS, set));
}

/** Read-modify-write transactions on one document, so many at a time. @throws Error when one fails, or is lost */
async function increments(client: Firestore, count: number, atOnce: number): Promise<void> {
  const counter = client.doc(`bench/counter-${count}`);
  await counter.set({ n: 0 });
  const increment = () =>
    client.runTransaction(
      async (transaction) => {
        const { n } = (await transaction.get(counter)).data() as { n: number };
        transaction.update(counter, { n: n + 1 });
      },
      // Google's needs more than the five attempts of the client's default.
      { maxAttempts: 50 },
    );
  for (let done = 0; done < count; done += atOnce)
    await Promise.all(Array.from({ length: atOnce }, increment));
  const total = (await counter.get()).get('n');
  if (total !== count) throw new Error(`${count} increments gave ${total}`);
}

async function medianQuery(client: Firestore, name: string, size: number): Promise<number> {
  await store(client, name, size);
  const ask = () => askIndexes(client, name, size);
  // The first makes the indexes.
  await timesOf(100, ask);
  return median(await timesOf(500, ask));
}

async function store(client: Firestore, name: string, size: number): Promise<void> {
  const collection = client.collection(name);
  const kinds = ['open', 'done', 'failed'];
  for (let from = 0; from < size; from += COMMIT * 4) {
    const commits = Array.from({ length: 4 }, (_, part) => {
      const batch = client.batch();
      for (let n = from + part * COMMIT; n < from + (part + 1) * COMMIT; n++)
        batch.set(collection.doc(), {
          name: `name ${n}`,
          n,
          kind: kinds[n % kinds.length],
          price: n / 7,
          at: new Date(1_700_000_000_000 + n),
        });
      return batch.commit();
    });
    await Promise.all(commits);
  }
}

async function askIndexes(client: Firestore, name: string, size: number): Promise<void> {
  const items = client.collection(name);
  const from = Math.floor(Math.random() * size * 0.9);
  const found = await items.where('kind', '==', 'open').orderBy('n').startAt(from).limit(10).get();
  if (found.size !== 10) throw new Error(`${found.size} documents were found where 10 are`);
  await items.orderBy('at', 'desc').limit(1).get();
  await items.where('price', '<', 1).limit(1).get();
}

async function perSecond(count: number, run: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await run();
  return count / ((performance.now() - started) / 1000);
}

async function timesOf(count: number, run: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return times;
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
