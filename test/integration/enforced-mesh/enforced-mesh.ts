import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';
import type { UpOptions } from '../../../cli/commands/up.ts';
import { type LocalMesh, startLocalMesh } from '../../../cli/local/local-mesh.ts';
import { runSample } from '../../../cli/local/sample.ts';
import { stackGrants } from '../../../cli/local/stack-grants.ts';
import { Stop } from '../../../cli/local/stop.ts';
import { Progress } from '../../../cli/output/progress.ts';
import type { SampleReport } from '../../../cli/sample/report.ts';
import { withPorts } from '../../../cli/target.ts';
import { ordinaryDay } from '../../../emulator/local-faults.ts';
import { processInstances } from '../../../emulator/run/process-instance.ts';
import type { Topology } from '../../../shared/topology.ts';
import { Ledger } from './ledger.ts';

const agents = fileURLToPath(new URL('../../../agents', import.meta.url));
const PROJECT = 'demo-enforced';
/** A message with this attribute is one that no function takes. */
export const REFUSED = 'refused-by-every-function';

export type EnforcedMesh = Awaited<ReturnType<typeof startEnforcedMesh>>;

/** The agents of this checkout, held to the grants of the stack of development. */
export async function startEnforcedMesh() {
  const ledger = new Ledger(await stackGrants({ stack: 'dev', agents, project: PROJECT, prefix: 'mesh' }));
  const sockets = mkdtempSync(join(tmpdir(), 'mesh-'));
  const start = processInstances({ sockets, cwd: process.cwd() });
  const mesh = await startLocalMesh({
    project: PROJECT,
    prefix: 'mesh',
    agents,
    faults: ordinaryDay,
    env: {},
    access: ledger.access,
    start(spec, events) {
      const instance = start(spec, events);
      return {
        ...instance,
        forward: async (request, signal) =>
          Buffer.from(request.body).includes(REFUSED)
            ? { status: 503, headers: {}, body: new Uint8Array() }
            : instance.forward(request, signal),
      };
    },
  });
  return {
    mesh,
    ledger,
    topology: mesh.topology,
    async close() {
      await mesh.close();
      rmSync(sockets, { recursive: true, force: true });
    },
  };
}

/** Plays the sample, as \`mesh up --sample\` does. */
export async function playSample(mesh: LocalMesh, orders: number, seed: number): Promise<SampleReport> {
  let text = '';
  const io = {
    stdin: Readable.from([]),
    stdout: { write: (part: string) => (text += part) },
    stderr: new PassThrough().resume(),
    env: {},
    cwd: process.cwd(),
  };
  const stop = new Stop();
  const ports = {
    portPubsub: 0,
    portFirestore: 0,
    portTasks: 0,
    portSecrets: 0,
    portScheduler: 0,
    portKms: 0,
  };
  const providers = { portRun: 0, portStripe: 0, portTwilio: 0, portCalendar: 0, portShipping: 0 };
  const options: UpOptions = {
    ...{ orders, seed, timeout: 240_000, project: PROJECT, prefix: 'mesh' },
    ...ports,
    ...providers,
  };
  try {
    const progress = new Progress(io);
    await runSample({ mesh, options, format: 'json', io, progress, readyMs: 0, stop });
    return JSON.parse(text) as SampleReport;
  } finally {
    stop.release();
  }
}

/** As an operator: publishes a message of any attributes and data. */
export async function publish(
  mesh: LocalMesh,
  topic: string,
  attributes: Readonly<Record<string, string>>,
  data: unknown,
): Promise<void> {
  const url = `http://${mesh.addresses.pubsub}/v1/projects/${PROJECT}/topics/${topic}:publish`;
  const message = { attributes, data: Buffer.from(JSON.stringify(data)).toString('base64') };
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer owner' },
    body: JSON.stringify({ messages: [message] }),
  });
  if (!response.ok) throw new Error(await response.text());
}

/** The tasks that have yet to be done and whose message has `text` in it. */
export function tasksWith(mesh: LocalMesh, { queue }: Topology, text: string) {
  const { items } = mesh.cloud.tasks.core.listTasks(queue, { pageSize: 1_000 });
  return items.filter(({ target }) => target.body?.includes(text));
}

/** As an operator: has Pub/Sub give up as early as it may, at every subscription. */
export async function giveUpEarly(mesh: LocalMesh, topology: Topology): Promise<void> {
  const [apiEndpoint = '', port] = (mesh.addresses.pubsub ?? '').split(':');
  const client = new v1.SubscriberClient({
    projectId: PROJECT,
    ...{ apiEndpoint, port: Number(port), sslCreds: credentials.createInsecure() },
    universeDomain: 'googleapis.com',
    'grpc.primary_user_agent': 'emulator-principal/owner',
  });
  const at = (kind: string, name: string) => `projects/${PROJECT}/${kind}/${name}`;
  try {
    for (const { name, topic, deadLetter } of topology.subscriptions) {
      if (!deadLetter) continue;
      await client.updateSubscription({
        subscription: {
          name: at('subscriptions', name),
          topic: at('topics', topic),
          deadLetterPolicy: { deadLetterTopic: at('topics', deadLetter.topic), maxDeliveryAttempts: 5 },
          retryPolicy: { minimumBackoff: { seconds: 0 }, maximumBackoff: { seconds: 0 } },
        },
        updateMask: { paths: ['dead_letter_policy', 'retry_policy'] },
      });
    }
  } finally {
    await client.close();
  }
}

/** As an operator: the status of the run that an order began; undefined where there is none yet. */
export function runStatus(mesh: LocalMesh, orderId: string): Promise<unknown> {
  const target = { project: PROJECT, prefix: 'mesh', env: mesh.env };
  return withPorts(target, async ({ store }) => {
    const where = [{ field: 'key', op: '==', value: orderId }] as const;
    const [run] = await store.query({ collection: 'workflows', where, limit: 1 });
    return run?.fields.status;
  });
}
