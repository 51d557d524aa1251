import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Firestore } from '@google-cloud/firestore';
import { type Message, PubSub } from '@google-cloud/pubsub';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEmulator } from '../../emulator/emulator.ts';

const root = join(import.meta.dirname, '../..');
const started: ChildProcess[] = [];
let parent: string;
let directory: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'data-'));
  directory = join(parent, 'data');
});
afterEach(async () => {
  await Promise.all(started.splice(0).map(kill));
  rmSync(parent, { recursive: true });
});

/** Ends a process as a crash does: it can do nothing about it. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** `mesh emulator start`, ready. */
async function start(...options: string[]) {
  const child = spawn(process.execPath, ['cli/mesh.ts', 'emulator', 'start', '--json', ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(child);
  let text = '';
  for await (const line of createInterface(child.stdout)) {
    text += line;
    try {
      return { child, env: (JSON.parse(text) as { env: Record<string, string> }).env };
    } catch {
      // It goes on.
    }
  }
  throw new Error(`it ended: ${text}`);
}

/** `mesh emulator start`, which is to fail. */
async function failing(...options: string[]) {
  const child = spawn(process.execPath, ['cli/mesh.ts', 'emulator', 'start', ...options], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.push(child);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

async function withFirestore<T>(
  env: Readonly<Record<string, string>>,
  use: (firestore: Firestore) => Promise<T>,
): Promise<T> {
  const [host = '', port] = (env.FIRESTORE_EMULATOR_HOST ?? '').split(':');
  const firestore = new Firestore({ projectId: 'demo', host, port: Number(port), ssl: false });
  try {
    return await use(firestore);
  } finally {
    await firestore.terminate();
  }
}

async function withPubSub<T>(
  { PUBSUB_EMULATOR_HOST: apiEndpoint = '' }: Readonly<Record<string, string>>,
  use: (pubsub: PubSub) => Promise<T>,
): Promise<T> {
  const pubsub = new PubSub({ projectId: 'demo', apiEndpoint, emulatorMode: true });
  try {
    return await use(pubsub);
  } finally {
    await pubsub.close();
  }
}

describe('documents in a data directory', () => {
  test('are all there again after a sudden end, with their times; those deleted are not', async () => {
    const first = await start('--only', 'firestore', '--data-dir', directory);
    const before = await withFirestore(first.env, async (firestore) => {
      await firestore.doc('people/ada').set({ born: 1815, tags: ['a'], at: new Date(0) });
      await firestore.doc('people/bob').set({ born: 1900 });
      await firestore.doc('people/bob').delete();
      // What was answered is kept; what was under way when it ended may be either.
      const writes = Array.from({ length: 200 }, (_, n) => firestore.doc(`numbers/${n}`).set({ n }));
      const answered = new Set<number>();
      for (const [n, write] of writes.entries()) write.then(() => answered.add(n)).catch(() => {});
      await writes[20];
      const ada = await firestore.doc('people/ada').get();
      await kill(first.child);
      return { updateTime: ada.updateTime, answered };
    });
    const second = await start('--only', 'firestore', '--data-dir', directory);
    await withFirestore(second.env, async (firestore) => {
      const ada = await firestore.doc('people/ada').get();
      expect(ada.data()).toMatchObject({ born: 1815, tags: ['a'] });
      expect(ada.updateTime?.isEqual(before.updateTime as NonNullable<typeof ada.updateTime>)).toBe(true);
      expect((await firestore.doc('people/bob').get()).exists).toBe(false);
      const numbers = new Set((await firestore.collection('numbers').get()).docs.map(({ id }) => Number(id)));
      expect(before.answered.size).toBeGreaterThan(0);
      expect([...before.answered].filter((n) => !numbers.has(n))).toEqual([]);
    });
  });

  test('is refused to a second process, naming the first, and taken over when that is dead', async () => {
    const { child } = await start('--only', 'firestore', '--data-dir', directory);
    const { code, stderr } = await failing('--only', 'firestore', '--data-dir', directory);
    expect(code).toBe(2);
    expect(stderr).toContain(`${directory} is in use by process ${child.pid} (DataInUse)`);
    await kill(child);
    await start('--only', 'firestore', '--data-dir', directory);
  });

  test('that were damaged are refused, naming the file, the line and the remedy', async () => {
    const { child } = await start('--only', 'firestore', '--data-dir', directory);
    await kill(child);
    const file = join(directory, 'firestore.jsonl');
    appendFileSync(file, 'not an entry\n');
    const { code, stderr } = await failing('--only', 'firestore', '--data-dir', directory);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}, line 2: is not an entry (DataDamaged)`);
    expect(stderr).toContain('Put the file back from a copy');
  });
});

describe('messages in a data directory', () => {
  test('are there again after a sudden end if they were not acked, with their ids', async () => {
    const first = await start('--only', 'pubsub', '--data-dir', directory);
    const published = await withPubSub(first.env, async (pubsub) => {
      const [topic] = await pubsub.createTopic('news');
      const [subscription] = await topic.createSubscription('readers', { enableMessageOrdering: true });
      const ids = [];
      for (let n = 0; n < 20; n++)
        ids.push(await topic.publishMessage({ data: Buffer.from(`${n}`), attributes: { n: `${n}` } }));
      const acked = new Promise<void>((resolve) => {
        let count = 0;
        subscription.on('message', (message: Message) => {
          if (Number(message.attributes.n) >= 5) return;
          message.ack();
          count += 1;
          if (count === 5) resolve();
        });
      });
      await acked;
      // The client gathers acks: they are sent when it closes.
      await subscription.close();
      return ids;
    });
    await kill(first.child);
    const second = await start('--only', 'pubsub', '--data-dir', directory);
    const left = await withPubSub(second.env, async (pubsub) => {
      const seen = new Map<string, string>();
      const subscription = pubsub.subscription('readers');
      await new Promise<void>((resolve) => {
        subscription.on('message', (message: Message) => {
          seen.set(message.id, message.data.toString());
          message.ack();
          if (seen.size === 15) resolve();
        });
      });
      await subscription.close();
      return seen;
    });
    expect([...left.keys()].sort()).toEqual(published.slice(5).sort());
    expect([...left.values()].sort()).toEqual(Array.from({ length: 15 }, (_, n) => `${n + 5}`).sort());
  });
});

test('tasks and secrets are there again, and nobody else may read them', async () => {
  const first = await startEmulator({ only: ['tasks', 'secrets'], dataDir: directory });
  const parentOfQueue = 'projects/demo/locations/here';
  const queue = `${parentOfQueue}/queues/work`;
  first.servers.tasks?.core.createQueue(parentOfQueue, queue);
  const target = { url: 'http://127.0.0.1:1/', method: 'POST' as const, headers: {} };
  const at = Date.now() + 3_600_000;
  const name = first.servers.tasks?.core.createTask(queue, { target, scheduleMs: at }).name ?? '';
  first.servers.secrets?.core.createSecret('projects/demo', 'word');
  first.servers.secrets?.core.addVersion('projects/demo/secrets/word', Buffer.from('swordfish'));
  await first.stop();
  expect(statSync(join(directory, 'secrets.jsonl')).mode & 0o777).toBe(0o600);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  const second = await startEmulator({ only: ['tasks', 'secrets'], dataDir: directory });
  expect(second.servers.tasks?.core.getTask(name).scheduleMs).toBe(at);
  const { payload } = second.servers.secrets?.core.access('projects/demo/secrets/word/versions/latest') ?? {};
  expect(payload?.data.toString()).toBe('swordfish');
  await second.stop();
});

test('a timer that was set before a restart publishes at its time, at whatever port Pub/Sub is now', async () => {
  const only = ['pubsub', 'tasks'] as const;
  const first = await startEmulator({ only, dataDir: directory });
  const [topic, subscription] = ['projects/demo/topics/news', 'projects/demo/subscriptions/readers'];
  first.servers.pubsub?.broker.createTopic({ name: topic });
  first.servers.pubsub?.broker.createSubscription({ name: subscription, topic });
  const location = 'projects/demo/locations/here';
  const queue = `${location}/queues/work`;
  first.servers.tasks?.core.createQueue(location, queue);
  const at = first.clock.now() + 3_600_000;
  const body = Buffer.from(JSON.stringify({ messages: [{ data: Buffer.from('late').toString('base64') }] }));
  const url = `http://${first.addresses.pubsub}/v1/${topic}:publish`;
  const headers = { 'Content-Type': 'application/json' };
  first.servers.tasks?.core.createTask(queue, {
    target: { url, method: 'POST', headers, body },
    scheduleMs: at,
  });
  await first.stop();
  // The port of before is somebody else's.
  const port = Number(first.addresses.pubsub?.split(':')[1]);
  const squatter = createServer().listen(port, '127.0.0.1');
  await once(squatter, 'listening');
  const second = await startEmulator({ only, dataDir: directory });
  expect(second.addresses.pubsub).not.toBe(first.addresses.pubsub);
  await second.clock.advance(3_600_000);
  const [delivery] =
    (await second.servers.pubsub?.broker.pull(subscription, { maxMessages: 1, waitMs: 600_000 })) ?? [];
  expect(Buffer.from(delivery?.message.data ?? '').toString()).toBe('late');
  await second.stop();
  squatter.close();
});

describe('what is exported', () => {
  test('at the end, or on request, is imported by another, with and without a data directory', async () => {
    const exported = join(parent, 'export');
    const first = await startEmulator({ only: ['firestore'], exportOnExit: exported });
    await withFirestore(first.env, async (firestore) => firestore.doc('people/ada').set({ born: 1815 }));
    await first.stop();

    const second = await startEmulator({ only: ['firestore'], importFrom: exported, dataDir: directory });
    const asked = await fetch(`http://${second.addresses.hub}/export`, {
      method: 'POST',
      body: JSON.stringify({ directory: join(parent, 'asked') }),
    });
    expect(asked.status).toBe(200);
    await second.stop();

    for (const options of [{ importFrom: join(parent, 'asked') }, { dataDir: directory }]) {
      const third = await startEmulator({ only: ['firestore'], ...options });
      await withFirestore(third.env, async (firestore) => {
        expect((await firestore.doc('people/ada').get()).data()).toEqual({ born: 1815 });
      });
      await third.stop();
    }
  });

  test('is not put where it cannot be, and the refusal says why', async () => {
    const emulator = await startEmulator({ only: ['firestore'], dataDir: directory });
    const ask = async (body: unknown) => {
      const response = await fetch(`http://${emulator.addresses.hub}/export`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return [response.status, ((await response.json()) as { error: { message: string } }).error.message];
    };
    expect(await ask({ directory })).toEqual([
      400,
      `Nothing was exported: ${directory} is in use by this process.`,
    ]);
    expect(await ask({ directory: 'here' })).toEqual([
      400,
      'directory must be an absolute path, such as "/tmp/data".',
    ]);
    await emulator.stop();
  });

  test('is not mixed with what a data directory holds', async () => {
    const exported = join(parent, 'export');
    await (await startEmulator({ only: ['firestore'], exportOnExit: exported })).stop();
    await (await startEmulator({ only: ['firestore'], dataDir: directory })).stop();
    const { code, stderr } = await failing('--data-dir', directory, '--import', exported);
    expect(code).toBe(2);
    expect(stderr).toContain(`${directory} holds data already (firestore.jsonl)`);
    const nothing = await failing('--import', join(parent, 'none'));
    expect(nothing.stderr).toContain('there is nothing to import');
    const sync = await failing('--sync');
    expect(sync.stderr).toContain('--sync');
    const both = await failing('--data-dir', directory, '--export-on-exit', directory);
    expect(both.stderr).toContain('cannot be exported into as well');
  });
});
