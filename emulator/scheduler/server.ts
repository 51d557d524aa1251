import type { IncomingMessage } from 'node:http';
import { type Clock, systemClock } from '../../shared/contract/clock.ts';
import { PRINCIPAL_HEADER, serviceAgent } from '../iam/principal.ts';
import { type JsonServerOptions, startJsonServer } from '../wire/json-server.ts';
import { StatusError } from '../wire/status.ts';
import type { JobSpec } from './job.ts';
import { jobMessage } from './job-message.ts';
import { Scheduler } from './scheduler.ts';

export interface SchedulerServerOptions extends JsonServerOptions {
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
  const { clock = systemClock, pubsub } = options;
  const core = new Scheduler({ clock, publish: async (job) => publishTo(await pubsub(), job) });
  const { address, port, close } = await startJsonServer((request) => answer(core, request), options);
  return {
    address,
    port,
    core,
    async close() {
      core.close();
      await close();
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
