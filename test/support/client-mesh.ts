import * as z from 'zod';
import { deadLetters } from '../../agents/dead-letters/contract.ts';
import { handlers as recording } from '../../agents/dead-letters/handler.ts';
import { MeshAccess } from '../../shared/client/mesh-access.ts';
import { MeshClient } from '../../shared/client/mesh-client.ts';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import { rejected } from '../../shared/contract/errors.ts';
import { silentLog } from '../../shared/contract/log.ts';
import type { Ports } from '../../shared/contract/ports.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../shared/workflow/index.ts';
import { workflowRoutes } from '../../shared/workflow/workflow-routes.ts';
import { World, type WorldOptions } from './world.ts';

const Approval = z.object({ by: z.string() });
const Order = z.object({
  order: z.string(),
  note: z.string().optional(),
  gift: z.boolean().default(false),
  pages: z.number().optional(),
  buyer: z.string().optional(),
  tags: z.array(z.string()).optional(),
  total: z.number().optional(),
  placed: z.iso.datetime().optional(),
});

/** Answers programs: by commands of each mode, by refusals and by failures. */
export const quotes = defineAgent({
  name: 'quotes',
  commands: {
    quote: {
      input: z.object({ sku: z.string(), count: z.int().min(1).default(1) }),
      output: z.object({ price: z.number(), total: z.number() }),
      errors: { out_of_stock: z.object({ left: z.number() }) },
    },
    pay: { input: z.object({ sku: z.string() }), output: z.object({ paid: z.string() }), mode: 'effect' },
    print: {
      input: z.object({ bytes: z.number() }),
      output: z.object({ text: z.string() }),
      claimCheckBytes: 5_000_000,
    },
    note: { input: z.object({ text: z.string() }) },
  },
  publishes: { priced: z.object({ sku: z.string() }) },
  limits: { timeout: '10s' },
  state: { schema: z.object({ times: z.number() }) },
});

export const desk = defineAgent({
  name: 'desk',
  calls: ['quotes'],
  workflows: {
    sell: {
      input: Order,
      output: z.object({ order: z.string(), by: z.string() }),
      key: 'order',
      signals: { approve: Approval },
      updates: {
        add: { input: z.object({ item: z.string() }), output: z.object({ items: z.number() }) },
      },
      queries: { stage: { output: z.object({ asked: z.date().or(z.string()), of: z.string() }) } },
      attributes: {
        buyer: { type: 'keyword', from: 'buyer' },
        tags: { type: 'keywords', from: 'tags' },
        total: { type: 'number', from: 'total' },
        placed: { type: 'date', from: 'placed' },
      },
      claimCheckBytes: 1_000_000,
    },
    nightly: { input: z.object({ day: z.string() }), output: z.string() },
  },
});

/** What the handlers did, for the tests to look at. */
export class Books {
  readonly paid: string[] = [];
  readonly notes: string[] = [];
  /** The next calls of `pay` fail. */
  failures = 0;
}

const handlersOf = (books: Books) =>
  ({
    quote: {
      keys: ({ sku }) => [sku],
      handle: ({ sku, count }, ctx) => {
        if (sku === 'GONE')
          throw rejected('out_of_stock', 'there is none left', { field: 'sku', details: { left: 0 } });
        ctx.state.set(sku, { times: (ctx.state.get(sku)?.times ?? 0) + 1 });
        return { price: 250, total: 250 * count };
      },
    },
    pay: ({ sku }) => {
      if (books.failures-- > 0) throw new Error('the bank is closed');
      books.paid.push(sku);
      return { paid: sku };
    },
    print: ({ bytes }) => ({ text: 'x'.repeat(bytes) }),
    note: ({ text }) => void books.notes.push(text),
  }) satisfies HandlersOf<typeof quotes>;

const sell = defineWorkflow({
  name: 'sell',
  version: 1,
  input: Order,
  output: z.object({ order: z.string(), by: z.string() }),
  queries: desk.sell.queries,
  async run(wf, { order, pages = 0 }) {
    if (order === 'broken') throw rejected('too_large', 'nobody carries it');
    if (pages > 0) return wf.continueAsNew({ order, pages: pages - 1 });
    const asked = wf.now().toISOString();
    wf.onQuery('stage', () => ({ asked, of: order }));
    const items: string[] = [];
    wf.onUpdate(desk.sell, 'add', ({ item }) => ({ items: items.push(item) }), {
      validate: ({ item }) => {
        if (items.length === 2) throw rejected('full', `there is no room for ${item}`);
      },
    });
    await wf.call(quotes.quote, { sku: order });
    const { by } = await wf.signal('approve', { schema: Approval });
    return { order, by };
  },
});

const nightly = defineWorkflow({
  name: 'nightly',
  version: 1,
  input: z.object({ day: z.string() }),
  output: z.string(),
  run: async (wf, { day }) => `${day} by ${wf.runId}`,
});

/** A mesh in memory, and a client of it. */
export function clientMesh(
  options: Omit<WorldOptions, 'agents'> & { readonly definitions?: typeof definitions } = {},
) {
  const books = new Books();
  const handling = ({ clock, secrets, store }: Ports) => ({ clock, secrets, store, env: {} });
  const agents = [
    {
      contract: quotes.contract,
      routes: (ports: Ports) =>
        handlerRoutes({ contract: quotes.contract, handlers: handlersOf(books), ...handling(ports) }),
    },
    {
      contract: desk.contract,
      routes: ({ clock, ids }: Ports) =>
        workflowRoutes({
          contract: desk.contract,
          definitions: options.definitions ?? definitions,
          clock,
          ids,
        }),
    },
    {
      contract: deadLetters.contract,
      routes: (ports: Ports) =>
        handlerRoutes({
          contract: deadLetters.contract,
          handlers: recording,
          log: silentLog,
          ...handling(ports),
        }),
    },
  ];
  const world = new World({ ...options, agents });
  const access = new MeshAccess(world.ports, 'mesh', '/client');
  const client = new MeshClient(access);
  /** Lets the mesh work and time pass until the promise settles. */
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    const done = { yet: false };
    const watched = work.finally(() => {
      done.yet = true;
    });
    watched.catch(() => {});
    for (let turn = 0; !done.yet && turn < MOST_TURNS; turn++) {
      await world.settle(0);
      await world.clock.advance(250);
      // Packing a large payload is work of another thread.
      if (turn > 20) await new Promise((resolve) => setTimeout(resolve));
    }
    if (!done.yet) throw new Error('it never settles');
    return watched;
  };
  return { world, books, access, client, settled };
}

const MOST_TURNS = 4_000;
const definitions = [sell, nightly];
