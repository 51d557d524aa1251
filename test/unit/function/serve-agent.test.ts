import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { type Deployment, deploymentEnv } from '../../../shared/contract/deployment.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import type { WireMessage } from '../../../shared/contract/message.ts';
import type { Ports } from '../../../shared/contract/ports.ts';
import { serveAgent } from '../../../shared/function/serve-agent.ts';
import { World } from '../../support/world.ts';

const greeter = defineAgent({
  name: 'greeter',
  commands: { greet: { input: z.object({ name: z.string() }), output: z.object({ text: z.string() }) } },
});
const deployment: Deployment = {
  project: 'demo-mesh',
  prefix: 'mesh',
  agent: 'greeter',
  callers: [],
  queue: 'projects/demo-mesh/locations/l/queues/q',
  database: '(default)',
};

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Options {
  readonly env?: Record<string, string>;
  readonly greet?: (input: { name: string }) => { text: string };
  readonly ports?: Partial<Ports>;
  readonly createPorts?: () => Ports;
}

let served = 0;
async function serve({ env = deploymentEnv(deployment), greet, ports, createPorts }: Options = {}) {
  const world = new World({ agents: [{ contract: greeter.contract, routes: () => new Map() }] });
  const reports: string[] = [];
  const made = { ports: 0 };
  const name = `greeter-${served++}`;
  const handlers = { greet: greet ?? (({ name }: { name: string }) => ({ text: `Hello ${name}` })) };
  http(
    name,
    serveAgent(
      { agent: greeter, handlers },
      {
        env,
        report: (line) => reports.push(line),
        exit: () => {},
        createPorts: () => {
          made.ports += 1;
          return createPorts?.() ?? { ...world.ports, ...ports };
        },
      },
    ),
  );
  const server = getTestServer(name).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const push = async (data: unknown, message: object = {}, top: object = {}) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        message: {
          data: Buffer.from(JSON.stringify(data)).toString('base64'),
          attributes: { 'ce-type': 'greeter.greet' },
          messageId: '7',
          publishTime: '2026-01-01T00:00:00Z',
          ...message,
        },
        subscription: 'projects/demo-mesh/subscriptions/mesh-greeter',
        ...top,
      }),
    });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  };
  return { world, reports, made, url, push };
}

describe('a push is answered by what became of it', () => {
  test('handled: 204, once however often it comes', async () => {
    let greeted = 0;
    const { push } = await serve({
      greet: ({ name }) => {
        greeted += 1;
        return { text: name };
      },
    });
    expect(await push({ name: 'Ada' }, {}, { deliveryAttempt: 1 })).toEqual({ status: 204, body: '' });
    expect(await push({ name: 'Ada' }, {}, { deliveryAttempt: 2 })).toEqual({ status: 204, body: '' });
    expect(greeted).toBe(1);
  });

  test('invalid: 204, once it is a dead letter with its reason', async () => {
    const published: [string, readonly WireMessage[]][] = [];
    const bus = {
      publish: async (topic: string, messages: readonly WireMessage[]) => {
        published.push([topic, messages]);
      },
    };
    const { push } = await serve({ ports: { bus } });
    expect(await push({ name: 1 })).toEqual({ status: 204, body: '' });
    expect(published).toMatchObject([
      ['mesh-greeter-dead', [{ attributes: { deadlettercode: 'SchemaMismatch', deadletterfield: 'name' } }]],
    ]);
  });

  test('deferred: 204, once the timer is armed', async () => {
    const armed: string[] = [];
    const timers = {
      schedule: async ({ topic }: { topic: string }) => {
        armed.push(topic);
      },
    };
    const { push } = await serve({ ports: { timers } });
    const attributes = { 'ce-type': 'greeter.greet', notbefore: '2099-01-01T00:00:00Z' };
    expect(await push({ name: 'Ada' }, { attributes })).toEqual({ status: 204, body: '' });
    expect(armed).toEqual(['mesh-greeter']);
  });

  test('failed: 500 with the code and the message', async () => {
    const { push } = await serve({
      greet: () => {
        throw new Error('no words');
      },
    });
    expect(await push({ name: 'Ada' })).toEqual({
      status: 500,
      body: { error: { code: 'HandlerFailed', message: 'no words' } },
    });
  });

  test('failed for something that it leans on: 503', async () => {
    const read = async () => {
      throw new MeshError('StoreUnavailable', 'no connection');
    };
    const { push, world } = await serve({});
    expect((await push({ name: 'Ada' })).status).toBe(204);
    const other = await serve({ ports: { store: Object.assign(Object.create(world.store), { read }) } });
    expect(await other.push({ name: 'Ada' })).toMatchObject({
      status: 503,
      body: { error: { code: 'StoreUnavailable' } },
    });
  });

  test('its attempt is seen: the last one makes a dead letter instead of a nack', async () => {
    const { push } = await serve({
      greet: () => {
        throw new Error('no words');
      },
    });
    expect((await push({ name: 'Ada' }, {}, { deliveryAttempt: 4 })).status).toBe(500);
    expect((await push({ name: 'Ada' }, {}, { deliveryAttempt: 5 })).status).toBe(204);
  });
});

describe('what is no push', () => {
  test('is answered with 400, naming the field, and handled by nobody', async () => {
    const { url, made } = await serve();
    const response = await fetch(url, { method: 'POST', body: 'hello' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'NotJson', field: 'body' } });
    expect(made.ports).toBe(0);
  });

  test('by another method than POST is answered with 405', async () => {
    const { url } = await serve();
    expect((await fetch(url)).status).toBe(405);
  });
});

test('the health check answers without configuration and without a client', async () => {
  const { url, made } = await serve({ env: {} });
  const response = await fetch(`${url}/healthz`);
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
  expect(made.ports).toBe(0);
});

describe('where the configuration is wrong', () => {
  test('every message is answered with 500, and one line says what is missing', async () => {
    const { MESH_QUEUE: _left, ...env } = deploymentEnv(deployment);
    const { push, reports } = await serve({ env });
    for (let n = 0; n < 3; n++) {
      expect(await push({ name: 'Ada' })).toMatchObject({
        status: 500,
        body: { error: { code: 'ConfigurationInvalid', field: 'MESH_QUEUE' } },
      });
    }
    expect(reports.map((line) => JSON.parse(line))).toEqual([
      {
        severity: 'ERROR',
        message: expect.stringContaining('MESH_QUEUE is not set'),
        metadata: { agent: 'greeter', code: 'ConfigurationInvalid', field: 'MESH_QUEUE' },
      },
    ]);
  });

  test("another agent's deployment is refused", async () => {
    const { push } = await serve({ env: deploymentEnv({ ...deployment, agent: 'orders' }) });
    expect(await push({ name: 'Ada' })).toMatchObject({
      status: 500,
      body: { error: { field: 'MESH_AGENT' } },
    });
  });

  test('a start that failed by chance is tried again with the next message', async () => {
    let tries = 0;
    const world = new World({ agents: [{ contract: greeter.contract, routes: () => new Map() }] });
    const { push, reports } = await serve({
      createPorts: () => {
        tries += 1;
        if (tries === 1) throw new Error('out of memory');
        return world.ports;
      },
    });
    expect((await push({ name: 'Ada' })).status).toBe(500);
    expect((await push({ name: 'Ada' })).status).toBe(204);
    expect(reports).toHaveLength(1);
  });
});

test('an agent whose handlers and workflows do not fit its contract says so at once, and handles nothing', async () => {
  const clerk = defineAgent({
    name: 'clerk',
    commands: { note: { input: z.object({}) } },
    workflows: { file: { input: z.object({}) } },
  });
  const reports: string[] = [];
  const name = `clerk-${served++}`;
  const env = deploymentEnv({ ...deployment, agent: 'clerk' });
  http(name, serveAgent({ agent: clerk, handlers: {} }, { env, report: (line) => reports.push(line) }));
  expect(reports.map((line) => JSON.parse(line))).toMatchObject([
    {
      severity: 'ERROR',
      message: expect.stringContaining('no handler for "note"'),
      metadata: { field: 'handlers.note' },
    },
    {
      severity: 'ERROR',
      message: expect.stringContaining('has no definition'),
      metadata: { field: 'workflows.file' },
    },
  ]);
  const server = getTestServer(name).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const message = {
    data: 'e30=',
    attributes: { 'ce-type': 'clerk.note' },
    messageId: '1',
    publishTime: new Date(0),
  };
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message, subscription: 'projects/demo-mesh/subscriptions/mesh-clerk' }),
  });
  expect([response.status, await response.json()]).toEqual([
    500,
    { error: expect.objectContaining({ code: 'ContractInvalid', field: 'handlers.note' }) },
  ]);
  expect(reports).toHaveLength(2);
});
