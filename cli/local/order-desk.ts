import type { Order } from '../../agents/orders/contract.ts';
import type { Json } from '../../shared/contract/json.ts';
import type { RunRecord } from '../../shared/workflow/index.ts';
import type { Composed } from '../messages/compose.ts';
import { composeFor, type Flow, send } from './sample-flow.ts';

/** Orders that are open at the same time: at first, until one has been fulfilled or so many have ended, and then. */
const OPEN_AT_FIRST = 2;
const ENOUGH_ENDED = 6;
const OPEN = 40;

/** Sends orders, each starting a run, as fast as they are done: a flood would only make every order wait for every other. */
export class OrderDesk {
  readonly runIds: ReadonlySet<string>;
  /** When each order was sent, by its id, in milliseconds since the epoch. */
  readonly publishedAt = new Map<string, number>();
  readonly #flow: Flow;
  readonly #starts: readonly (readonly [Order, Composed])[];
  #sent = 0;

  constructor(flow: Flow, orders: readonly Order[]) {
    this.#flow = flow;
    this.#starts = orders.map((order) => [order, composeFor(flow, 'orders', 'fulfill-order', order as Json)]);
    this.runIds = new Set(this.#starts.map(([, { runId = '' }]) => runId));
  }

  /** Sends as many as there is room for, now that these have ended. */
  async fill(ended: ReadonlyMap<string, RunRecord>): Promise<void> {
    const warm =
      ended.size >= ENOUGH_ENDED || [...ended.values()].some(({ status }) => status === 'completed');
    const room = (warm ? OPEN : OPEN_AT_FIRST) - (this.#sent - ended.size);
    const next = this.#starts.slice(this.#sent, this.#sent + Math.max(0, room));
    if (next.length === 0) return;
    this.#sent += next.length;
    for (const [{ orderId }] of next) this.publishedAt.set(orderId, this.#flow.ports.clock.now());
    await send(
      this.#flow,
      next.map(([, start]) => start),
    );
  }
}
