import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import { PRINCIPAL_HEADER, serviceAgent } from '../iam/principal.ts';
import { StatusError, toHttpError } from '../wire/status.ts';
import type { JobSpec } from './job.ts';
import { jobMessage } from './job-message.ts';
import { Scheduler } from './scheduler.ts';

export interface SchedulerServerOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  /** The address of the Pub/Sub that the jobs publish to, asked for at each attempt. */
  readonly pubsub: () => string | Promise<string>;
}

export interface SchedulerServer {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly port: number;
  readonly core: Scheduler;
  close(): Promise<void>;
}

/**
 * Starts a local Cloud Scheduler: jobs are put into its core, and its REST API tells of them (`GET /v1/…/jobs`), pauses, resumes and runs
 * them (`POST /v1/…/jobs/{job}:pause`, `:resume`, `:run`). Rejects with Node's error when the port cannot be had.
 */
export async function startScheduler(options: SchedulerServerOptions): Promise<SchedulerServer> {
  const { port: wanted = 0, host = '127.0.0.1', clock = systemClock, pubsub } = options;
  const core = new Scheduler({ clock, publish: async (job) => publishTo(await pubsub(), job) });
  const server = createServer((request, response) => {
    answer(core, request).then(
      (body) => send(response, 200, body),
      (error: unknown) => {
        const { code, body } = toHttpError(error);
        send(response, code, body);
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: `${host}:${port}`,
    port,
    core,
    async close() {
      core.close();
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(core: Scheduler, request: IncomingMessage): Promise<unknown> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const call = `${request.method} ${decodeURIComponent(pathname)}`;
  const listed = /^GET \/v1\/(projects\/[^/]+\/locations\/[^/]+\/jobs)$/.exec(call);
  if (listed) {
    const jobs = core.list().filter(({ name }) => name.startsWith(`${listed[1]}/`));
    return { jobs: jobs.map(jobMessage) };
  }
  const [, method, name = '', verb] =
    /^(GET|POST) \/v1\/(projects\/[^/]+\/locations\/[^/]+\/jobs\/[^/:]+)(?::(\w+))?$/.exec(call) ?? [];
  if (method === 'GET' && verb === undefined) return jobMessage(core.get(name));
  if (method === 'POST' && verb === 'pause') return jobMessage(core.pause(name));
  if (method === 'POST' && verb === 'resume') return jobMessage(core.resume(name));
  if (method === 'POST' && verb === 'run') return jobMessage(await core.run(name));
  throw new StatusError('NOT_FOUND', `Nothing is at ${call}.`);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
}

/** The account that the service publishes as. */
const SERVICE_AGENT = serviceAgent('gcp-sa-cloudscheduler');

/** Google's emulator speaks the same REST as ours (https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish). */
async function publishTo(address: string, { topic, attributes, data }: JobSpec): Promise<void> {
  const message = { attributes, data: Buffer.from(data).toString('base64') };
  const response = await fetch(`http://${address}/v1/${topic}:publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [PRINCIPAL_HEADER]: SERVICE_AGENT },
    body: JSON.stringify({ messages: [message] }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Pub/Sub answered ${response.status}: ${text.slice(0, 200)}`);
}
