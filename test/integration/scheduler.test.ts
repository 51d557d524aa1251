import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PubSubServer, startPubSub } from '../../emulator/pubsub/server.ts';
import { type SchedulerServer, startScheduler } from '../../emulator/scheduler/server.ts';
import { decodeData, decodeEnvelope } from '../../shared/contract/envelope.ts';
import { messageKey } from '../../shared/contract/keys.ts';
import { ManualClock } from '../../shared/testing/manual-clock.ts';
import { eventually } from '../support/eventually.ts';

const DAY_MS = 86_400_000;
const jobs = 'projects/p/locations/l/jobs';
const name = `${jobs}/mesh-reports-daily`;
const topic = 'projects/p/topics/mesh-reports';
const subscription = 'projects/p/subscriptions/kept';
const clock = new ManualClock(Date.parse('2026-01-01T12:00:00Z'));
let pubsub: PubSubServer;
let scheduler: SchedulerServer;

beforeAll(async () => {
  pubsub = await startPubSub({ clock });
  scheduler = await startScheduler({ clock, pubsub: () => pubsub.address });
  await call(pubsub, 'PUT', topic, {});
  await call(pubsub, 'PUT', subscription, { topic });
  scheduler.core.put({
    name,
    cron: '5 0 * * *',
    timeZone: 'Etc/UTC',
    topic,
    attributes: {
      'ce-type': 'reports.daily',
      'ce-source': '/agents/reports/schedules',
      schedule: 'daily',
    },
    data: Buffer.from('{"day":"yesterday"}'),
  });
});
afterAll(async () => {
  await scheduler.close();
  await pubsub.close();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function call(
  { address }: { readonly address: string },
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(`http://${address}/v1/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

interface Pulled {
  readonly receivedMessages?: readonly {
    readonly ackId: string;
    readonly message: {
      readonly data?: string;
      readonly attributes: Record<string, string>;
      readonly messageId: string;
      readonly publishTime: string;
    };
  }[];
}

/** Takes what is in the subscription, as an agent would be given it. */
async function take() {
  const pull = { maxMessages: 10, returnImmediately: true };
  const { receivedMessages = [] } = (await call(pubsub, 'POST', `${subscription}:pull`, pull)).body as Pulled;
  const ackIds = receivedMessages.map(({ ackId }) => ackId);
  if (ackIds.length > 0) await call(pubsub, 'POST', `${subscription}:acknowledge`, { ackIds });
  return receivedMessages.map(({ message }) => {
    const delivery = { ...message, data: Buffer.from(message.data ?? '', 'base64'), subscription };
    return { ...decodeEnvelope(delivery, 'reports'), data: decodeData(delivery) };
  });
}

/** The attempt of a tick is on its way when the tick is past: its end is told by the job. */
async function attempted(): Promise<void> {
  await eventually(async () => expect((await call(scheduler, 'GET', name)).body).toHaveProperty('status'));
}

test('a tick is a message that the agent knows by the schedule and the minute', async () => {
  await clock.advance(DAY_MS / 2 + 5 * 60_000);
  await attempted();
  expect(await take()).toMatchObject([
    {
      id: 'daily@2026-01-02T00:05Z',
      source: '/agents/reports/schedules',
      type: 'reports.daily',
      data: { day: 'yesterday' },
    },
  ]);
});

test('a tick that is published twice is one message to the agent', async () => {
  await call(scheduler, 'POST', `${name}:run`);
  await clock.advance(20_000);
  await call(scheduler, 'POST', `${name}:run`);
  await clock.advance(60_000);
  await call(scheduler, 'POST', `${name}:run`);
  const keys = (await take()).map(messageKey);
  expect(keys).toHaveLength(3);
  expect(keys[1]).toBe(keys[0]);
  expect(keys[2]).not.toBe(keys[0]);
});

test('jobs are listed, paused and resumed', async () => {
  const { body } = await call(scheduler, 'GET', jobs);
  expect(body).toMatchObject({
    jobs: [
      {
        name,
        schedule: '5 0 * * *',
        timeZone: 'Etc/UTC',
        state: 'ENABLED',
        scheduleTime: '2026-01-03T00:05:00.000Z',
        status: {},
        pubsubTarget: { topicName: topic, attributes: { schedule: 'daily' } },
      },
    ],
  });
  expect((await call(scheduler, 'POST', `${name}:pause`)).body).toMatchObject({ state: 'PAUSED' });
  expect(await call(scheduler, 'POST', `${name}:pause`)).toMatchObject({
    status: 400,
    body: { error: { status: 'FAILED_PRECONDITION' } },
  });
  await clock.advance(DAY_MS);
  expect(await take()).toEqual([]);
  expect((await call(scheduler, 'POST', `${name}:resume`)).body).toMatchObject({ state: 'ENABLED' });
});

test.each([
  ['GET', `${jobs}/none`],
  ['POST', `${jobs}/none:run`],
  ['POST', `${name}:explode`],
  ['DELETE', name],
])('%s %s is not found', async (method, path) => {
  expect((await call(scheduler, method, path)).status).toBe(404);
});
