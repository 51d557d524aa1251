import { Stock, stockKey } from '../../agents/inventory/contract.ts';
import type { RunServer } from '../../emulator/run/server.ts';
import { sleep } from '../../shared/contract/clock.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { Json } from '../../shared/contract/json.ts';
import { messageKey } from '../../shared/contract/keys.ts';
import { inboxPath, statePath } from '../../shared/contract/names.ts';
import type { GooglePorts } from '../../shared/gcp/index.ts';
import type { Topology } from '../../shared/topology.ts';
import { contractOf } from '../contracts.ts';
import { type Composed, compose } from '../messages/compose.ts';
import type { Catalogue } from '../sample/catalogue.ts';
import type { LocalMesh } from './local-mesh.ts';

const LOOK_MS = 25;
const QUIET_LOOK_MS = 100;
/** Restocking is one message or a few: what takes longer is broken. */
const RESTOCK_TIMEOUT_MS = 30_000;

/** What the sample's steps work with. */
export interface Flow {
  readonly ports: GooglePorts;
  readonly topology: Topology;
  /** Aborts when the sample is stopped. */
  readonly signal: AbortSignal;
}

/** Starts the functions that orders need, all at once: else the first order would wait for one after the other. */
export function wake({ topology }: Flow, { urlOf }: Pick<RunServer, 'urlOf'>): void {
  for (const service of ['orders', ...contractIn(topology, 'orders').calls]) {
    // One that does not start says why in its log, and again with its first message.
    fetch(`${urlOf(service)}/healthz`, { headers: { authorization: 'Bearer owner' } }).catch(() => {});
  }
}

/** Fills the shelves, and waits until they are full: an order that comes earlier would be refused for want of stock. */
export async function restock(flow: Flow, restocks: readonly Json[]): Promise<void> {
  const messages = restocks.map((data) => composeFor(flow, 'inventory', 'restock', data));
  await send(flow, messages);
  const paths = messages.map(({ message }) => inboxPath('inventory', messageKey(message)));
  await until(
    flow,
    { timeoutMs: RESTOCK_TIMEOUT_MS, pauseMs: LOOK_MS, failure: 'the stock was not taken in' },
    async () => {
      const records = await flow.ports.store.read(paths);
      return records.every((record) => record?.fields.status === 'done');
    },
  );
}

/** The inventory's books. */
export async function readStock({ ports }: Flow, catalogue: Catalogue): Promise<Stock[]> {
  const documents = await ports.store.read(catalogue.map(({ sku }) => statePath('inventory', stockKey(sku))));
  return documents.flatMap((document) => (document ? [Stock.parse(document.fields)] : []));
}

/**
 * Waits until no message is on its way to an agent any more: the last events, and what was delivered twice. Where Google's emulator is
 * used nothing can be known of it.
 */
export async function quiet(
  flow: Flow,
  { cloud }: Pick<LocalMesh, 'cloud'>,
  timeoutMs: number,
): Promise<void> {
  const broker = cloud.pubsub?.broker;
  if (!broker) return;
  // A subscription that is only pulled from keeps its messages.
  const pushed = new Set(flow.topology.subscriptions.filter(({ pushTo }) => pushTo).map(({ name }) => name));
  const isPushed = (path: string) => pushed.has(path.slice(path.lastIndexOf('/') + 1));
  const failure = 'messages were still on their way';
  await until(flow, { timeoutMs, pauseMs: QUIET_LOOK_MS, failure }, async () => broker.idle(isPushed));
}

/** A message of the sample's to an agent. */
export function composeFor(
  { topology, ports }: Flow,
  agent: string,
  type: string,
  data: Json,
  attributes: Readonly<Record<string, string>> = {},
): Composed {
  const contract = contractIn(topology, agent);
  const now = new Date(ports.clock.now());
  return compose({ contract, type, data, attributes, prefix: topology.prefix, now });
}

const contractIn = ({ functions }: Topology, agent: string) =>
  contractOf(
    functions.map(({ contract }) => contract),
    agent,
  );

/** Publishes messages that all go to one topic. */
export async function send({ ports }: Flow, messages: readonly Composed[]): Promise<void> {
  const [first] = messages;
  if (!first) return;
  await ports.bus.publish(
    first.topic,
    messages.map(({ wire }) => wire),
  );
}

interface Patience {
  readonly timeoutMs: number;
  readonly pauseMs: number;
  readonly failure: string;
}

async function until(
  { ports: { clock }, signal }: Flow,
  { timeoutMs, pauseMs, failure }: Patience,
  holds: () => Promise<boolean>,
): Promise<void> {
  const deadline = clock.now() + timeoutMs;
  while (!(await holds())) {
    if (clock.now() > deadline) {
      throw new MeshError('Timeout', `after ${timeoutMs / 1_000} s ${failure}`, {
        hint: "Look at the agents' logs in .mesh/logs.",
      });
    }
    await sleep(clock, pauseMs, signal);
  }
}
