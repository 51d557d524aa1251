import { inflateRawSync } from 'node:zlib';
import { claimCheckOf } from '../../../shared/contract/claim-check.ts';
import { Failure } from '../../../shared/contract/failure.ts';
import type { Json } from '../../../shared/contract/json.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { blobPath } from '../../../shared/contract/names.ts';
import type { RunRecord } from '../../../shared/workflow/run-record.ts';
import { editionMesh, wholeOf } from '../../support/edition-mesh.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';
import { unlucky } from './unlucky.ts';

interface Order {
  readonly id: string;
  readonly text: string;
  readonly words: readonly string[];
  readonly fails: boolean;
  readonly notes: string;
}

/** Editions whose payloads are now inline, now too large for that: each comes out whole, or is scrapped by what was set. */
export const payloads: Workload = { name: 'payloads', play };

function play(random: Random): Play {
  const orders: Order[] = Array.from({ length: random.chance(0.8) ? 1 : 2 }, (_, at) => ({
    id: `edition-${at}`,
    text: 't'.repeat(random.pick([10, 300, 400, 3_000])),
    words: Array.from(
      { length: random.below(15) },
      (_, word) => `${word}${'w'.repeat(random.pick([1, 60]))}`,
    ),
    fails: random.chance(0.3),
    notes: 'n'.repeat(random.pick([5, 700])),
  }));
  const acts: Play['acts'][number][] = [];
  const cancelled = new Set<string>();
  for (const { notes, ...order } of orders) {
    const runId = runIdOf('edition', order.id);
    acts.push({ atMs: random.below(500), act: (client) => client.command('publisher', 'edition', order) });
    const atMs = random.below(random.pick([1_000, 100_000]));
    acts.push({ atMs, act: (client) => client.signal('publisher', runId, 'approve', { notes }) });
    if (!random.chance(0.2)) continue;
    cancelled.add(order.id);
    acts.push({ atMs: random.below(10_000), act: (client) => client.cancel('publisher', runId) });
  }
  return {
    agents: editionMesh()
      .filter(({ contract }) => !contract.recordsDeadLetters)
      .map(({ contract, routes }) => ({ contract, routes: ({ ports }) => routes(ports) })),
    acts,
    audit: (end) => audit(end, orders, cancelled),
  };
}

function* audit(
  { runs, documents }: EndState,
  orders: readonly Order[],
  cancelled: ReadonlySet<string>,
): Generator<string> {
  for (const order of orders) {
    const run = runs.find(({ workflow, key }) => workflow === 'edition' && key === order.id);
    if (!run) {
      yield `books: there is no run of ${order.id}`;
      continue;
    }
    if (unlucky(run) || unluckyBranch(run) || (run.status === 'cancelled' && cancelled.has(order.id)))
      continue;
    if (run.status !== (order.fails ? 'failed' : 'completed')) {
      yield `books: ${order.id} is ${run.status}: ${run.failure?.message}`;
      continue;
    }
    if (order.fails) {
      const { scrapped } = documents.get(`agents/press/state/${order.id}`)?.fields ?? {};
      if (!wholeOf(order, order.notes).startsWith(`${scrapped},`))
        yield `I8: ${order.id} was undone with ${String(scrapped).slice(0, 40)}`;
      continue;
    }
    const { text, words } = payloadIn(documents, run.output ?? null) as { text: string; words: number };
    if (text !== wholeOf(order, order.notes)) yield `books: ${order.id} came out as ${text.slice(0, 40)}`;
    if (words !== order.words.length) yield `books: of ${order.words.length} words, ${order.id} has ${words}`;
  }
}

/** A gather or a map-reduce failed because one command of it was given up on. */
function unluckyBranch(run: RunRecord): boolean {
  const [, first] = /the first failure: (\w+)/.exec(run.failure?.message ?? '') ?? [];
  const { success, data } = Failure.safeParse({ code: first, message: '' });
  return first !== undefined && success && unlucky({ ...run, failure: data });
}

function payloadIn(documents: EndState['documents'], payload: Json): Json {
  const check = claimCheckOf(payload);
  if (!check) return payload;
  const { data, encoding } = documents.get(blobPath(check.sha256))?.fields ?? {};
  const bytes = data instanceof Uint8Array ? data : Buffer.from('null');
  return JSON.parse(Buffer.from(encoding === 'deflate' ? inflateRawSync(bytes) : bytes).toString()) as Json;
}
