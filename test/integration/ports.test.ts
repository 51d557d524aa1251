import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFirestore } from '../../emulator/firestore/server.ts';
import { startPubSub } from '../../emulator/pubsub/server.ts';
import { startSecrets } from '../../emulator/secrets/server.ts';
import { startTasks } from '../../emulator/tasks/server.ts';
import { systemClock } from '../../shared/contract/clock.ts';
import type { WireMessage } from '../../shared/contract/message.ts';
import { applyTopology, createPorts, type GooglePorts } from '../../shared/gcp/index.ts';
import { ManualClock } from '../../shared/testing/manual-clock.ts';
import { demoDeployment } from '../conformance/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { callsOf } from '../support/rpc-count.ts';

type Started<Start extends (...args: never[]) => Promise<unknown>> = Awaited<ReturnType<Start>>;

const { project, queue } = demoDeployment;
let pubsub: Started<typeof startPubSub>;
let firestore: Started<typeof startFirestore>;
let tasks: Started<typeof startTasks>;
let secrets: Started<typeof startSecrets>;
let env: Record<string, string>;
let ports: GooglePorts;

beforeAll(async () => {
  [pubsub, firestore, tasks, secrets] = await Promise.all([
    startPubSub(),
    startFirestore(),
    startTasks(),
    startSecrets({ secrets: { [project]: { 'stripe-key': 'sk_test_1' } } }),
  ]);
  env = {
    PUBSUB_EMULATOR_HOST: pubsub.address,
    FIRESTORE_EMULATOR_HOST: firestore.address,
    CLOUD_TASKS_EMULATOR_HOST: tasks.address,
    SECRET_MANAGER_EMULATOR_HOST: secrets.address,
    LOG_LEVEL: 'silent',
  };
  const plan = { project, queue, topics: [{ name: 'mesh-probe' }], subscriptions: [kept('mesh-probe')] };
  await applyTopology(plan, { endpointOf: () => 'http://127.0.0.1:9/', env });
});
beforeEach(() => {
  ports = createPorts(demoDeployment, { env });
  return () => ports.close();
});
afterAll(async () => {
  await Promise.all([pubsub, firestore, tasks, secrets].map((server) => server?.close()));
});

function kept(topic: string) {
  const retry = { minBackoffMs: 1_000, maxBackoffMs: 60_000 };
  return { name: `${topic}-kept`, topic, ackDeadlineSeconds: 60, retry };
}

const message = (data: string, attributes: Record<string, string> = {}): WireMessage => ({
  data: Buffer.from(data),
  attributes,
});

describe('on the wire', () => {
  test('a read, a commit and a publish are one call each, however much they carry', async () => {
    const paths = ['inbox/k', 'state/a', 'state/b'];
    const writes = paths.map((path) => ({ kind: 'create' as const, path, fields: { path } }));
    expect(await callsOf(() => ports.store.read(paths))).toEqual(['Firestore/BatchGetDocuments']);
    expect(await callsOf(() => ports.store.commit(writes))).toEqual(['Firestore/Commit']);
    const messages = Array.from({ length: 100 }, (_, n) => message(`{"n":${n}}`));
    expect(await callsOf(() => ports.bus.publish('mesh-probe', messages))).toEqual(['Publisher/Publish']);
  });

  test('a commit that fails for good is not tried again', async () => {
    await ports.store.commit([{ kind: 'put', path: 'inbox/once', fields: {} }]);
    const again = () =>
      ports.store.commit([{ kind: 'create', path: 'inbox/once', fields: {} }]).catch(() => {});
    expect(await callsOf(again)).toEqual(['Firestore/Commit']);
  });

  test('a secret is asked for once, by however many at a time', async () => {
    const ask = () => Promise.all([ports.secrets.get('stripe-key'), ports.secrets.get('stripe-key')]);
    expect(await callsOf(ask)).toEqual(['SecretManagerService/AccessSecretVersion']);
    expect(await callsOf(ask)).toEqual([]);
  });

  test('ports that are not used make no call and hold no connection', async () => {
    expect(await callsOf(async () => createPorts(demoDeployment, { env }).close())).toEqual([]);
  });
});

describe('timers', () => {
  const received = async (topic: string) => {
    const response = await fetch(
      `http://${pubsub.address}/v1/projects/${project}/subscriptions/${topic}-kept:pull`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"maxMessages":100,"returnImmediately":true}',
      },
    );
    const { receivedMessages = [] } = (await response.json()) as {
      receivedMessages?: { message: { data?: string; attributes?: Record<string, string> } }[];
    };
    return receivedMessages.map(({ message: { data = '', attributes } }) => ({
      data: Buffer.from(data, 'base64').toString(),
      attributes,
    }));
  };

  test('a timer publishes its message whole; one of the same name is the same timer', async () => {
    const timer = {
      name: 'defer/1',
      topic: 'mesh-probe',
      message: message('{"late":true}', { 'ce-type': 'probe.late', notbefore: '2026-01-01T00:00:00Z' }),
      // A time that has passed is due now.
      at: new Date(systemClock.now() - 1_000),
    };
    await ports.timers.schedule(timer);
    await ports.timers.schedule(timer);
    const late = { data: '{"late":true}', attributes: timer.message.attributes };
    const seen: unknown[] = [];
    await eventually(async () => {
      seen.push(...(await received('mesh-probe')));
      expect(seen).toContainEqual(late);
    });
    expect(seen.filter((one) => JSON.stringify(one) === JSON.stringify(late))).toHaveLength(1);
  });

  test('a time beyond the horizon of the service is cut to it', async () => {
    const at = new Date(systemClock.now() + 90 * 86_400_000);
    await ports.timers.schedule({ name: 'far', topic: 'mesh-probe', message: message('{}'), at });
    const scheduled = tasks.core.listTasks(queue, {}).items.map((task) => task.scheduleMs);
    expect(Math.max(...scheduled)).toBeLessThanOrEqual(systemClock.now() + 30 * 86_400_000);
    expect(Math.max(...scheduled)).toBeGreaterThan(systemClock.now() + 29 * 86_400_000);
  });

  test('a queue that does not exist is told by its name', async () => {
    const other = createPorts({ ...demoDeployment, queue: `${queue}-gone` }, { env });
    const scheduling = other.timers.schedule({
      name: 'x',
      topic: 'mesh-probe',
      message: message('{}'),
      at: new Date(0),
    });
    await expect(scheduling).rejects.toMatchObject({
      code: 'TimersUnavailable',
      message: expect.stringContaining(`${queue}-gone`),
    });
    await other.close();
  });
});

describe('secrets', () => {
  const nameOf = (secret: string) => `projects/${project}/secrets/${secret}`;
  const add = (secret: string, value: string) => secrets.core.addVersion(nameOf(secret), Buffer.from(value));

  test('a new version is in use once the old one is forgotten, five minutes later', async () => {
    const clock = new ManualClock();
    const timed = createPorts(demoDeployment, { env, clock });
    secrets.core.createSecret(`projects/${project}`, 'rotated', {});
    add('rotated', 'first');
    expect(await timed.secrets.get('rotated')).toBe('first');
    add('rotated', 'second');
    await clock.advance(299_000);
    expect(await timed.secrets.get('rotated')).toBe('first');
    await clock.advance(1_000);
    expect(await timed.secrets.get('rotated')).toBe('second');
    await timed.close();
  });

  test('the version that the deployment names is read, and the newest of a secret that it does not', async () => {
    secrets.core.createSecret(`projects/${project}`, 'pinned', {});
    for (const value of ['first', 'second', 'third']) add('pinned', value);
    const pinned = createPorts({ ...demoDeployment, secretVersions: { pinned: 2 } }, { env });
    expect(await pinned.secrets.get('pinned')).toBe('second');
    expect(await pinned.secrets.get('stripe-key')).toBe('sk_test_1');
    await pinned.close();
  });

  test('a value that is known is used on while Secret Manager is down', async () => {
    const clock = new ManualClock();
    const passing = await startSecrets({ secrets: { [project]: { 'stripe-key': 'sk_test_2' } } });
    const timed = createPorts(demoDeployment, {
      env: { ...env, SECRET_MANAGER_EMULATOR_HOST: passing.address },
      clock,
    });
    expect(await timed.secrets.get('stripe-key')).toBe('sk_test_2');
    await passing.close();
    await clock.advance(600_000);
    const asked = timed.secrets.get('stripe-key');
    let answer: string | undefined;
    void asked.then((value) => {
      answer = value;
    });
    // The port tries again by its clock, which stands still unless moved.
    await eventually(async () => {
      await clock.advance(1_000);
      expect(answer).toBe('sk_test_2');
    });
    await timed.close();
  });

  test('a secret that is missing, or disabled, is told by its name, with the command that adds it', async () => {
    const added = /gcloud secrets versions add (absent|off) --project=demo-mesh/;
    await expect(ports.secrets.get('absent')).rejects.toMatchObject({
      code: 'SecretMissing',
      field: 'absent',
      hint: expect.stringMatching(added),
    });
    secrets.core.createSecret(`projects/${project}`, 'off', {});
    add('off', 'hidden-value');
    secrets.core.setVersionState(`${nameOf('off')}/versions/1`, 'DISABLED');
    const failure = await ports.secrets.get('off').catch((error) => error);
    expect(failure).toMatchObject({
      code: 'SecretMissing',
      field: 'off',
      hint: expect.stringMatching(added),
    });
    expect(JSON.stringify(failure)).not.toContain('hidden-value');
  });
});

describe('the topology is applied', () => {
  const plan = (ackDeadlineSeconds: number) => ({
    project,
    queue,
    topics: [{ name: 'applied' }, { name: 'applied-dead' }],
    subscriptions: [
      {
        ...kept('applied'),
        ackDeadlineSeconds,
        pushTo: 'probe',
        filter: 'attributes.ce-type="a.b"',
        deadLetter: { topic: 'applied-dead', maxAttempts: 7 },
      },
    ],
  });
  const current = async () => {
    const url = `http://${pubsub.address}/v1/projects/${project}/subscriptions/applied-kept`;
    return (await fetch(url)).json();
  };

  test('with all that it says of a subscription, again without a change, and anew when it changed', async () => {
    const apply = (seconds: number, port: number) =>
      applyTopology(plan(seconds), { endpointOf: (agent) => `http://127.0.0.1:${port}/${agent}`, env });
    await apply(70, 1);
    const whole = {
      topic: `projects/${project}/topics/applied`,
      ackDeadlineSeconds: 70,
      filter: 'attributes.ce-type="a.b"',
      pushConfig: { pushEndpoint: 'http://127.0.0.1:1/probe' },
      deadLetterPolicy: {
        deadLetterTopic: `projects/${project}/topics/applied-dead`,
        maxDeliveryAttempts: 7,
      },
      retryPolicy: { minimumBackoff: '1s', maximumBackoff: '60s' },
      expirationPolicy: {},
    };
    expect(await current()).toMatchObject(whole);
    const again = await callsOf(() => apply(70, 1));
    expect(again.filter((call) => call.includes('Update'))).toEqual([]);
    await apply(90, 2);
    expect(await current()).toMatchObject({
      ...whole,
      ackDeadlineSeconds: 90,
      pushConfig: { pushEndpoint: 'http://127.0.0.1:2/probe' },
    });
  });
});
