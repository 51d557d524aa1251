import { type HandlerContext, type HandlersOf, rejected } from '../../shared/index.ts';
import {
  inventory as agent,
  type InventoryState,
  type inventory,
  type Quantity,
  type Reservation,
  reservationKey,
  type Stock,
  stockKey,
} from './contract.ts';

interface OrderLines {
  readonly orderId: string;
  readonly lines: readonly Quantity[];
}

const keysOf = ({ orderId, lines }: OrderLines) => [
  reservationKey(orderId),
  ...lines.map(({ sku }) => stockKey(sku)),
];

export const handlers = {
  reserve: { keys: keysOf, handle: reserve },
  release: { keys: keysOf, handle: release },
  restock: { keys: ({ lines }) => lines.map(({ sku }) => stockKey(sku)), handle: restock },
} satisfies HandlersOf<typeof inventory>;

/** All lines or none. */
function reserve({ orderId, lines }: OrderLines, ctx: HandlerContext<InventoryState>) {
  const wanted = perSku(lines);
  const known = reservationOf(orderId, ctx);
  if (known?.status === 'released')
    throw rejected('reservation_released', `the order ${orderId} was released before`);
  if (known) {
    if (!sameLines(known.lines, wanted))
      throw rejected('order_mismatch', `the order ${orderId} has reserved other articles`, {
        field: 'lines',
      });
    return { orderId, lines: known.lines };
  }
  for (const { sku, quantity } of wanted) {
    const left = stockOf(sku, ctx)?.available;
    const field = `lines.${lines.findIndex((line) => line.sku === sku)}.sku`;
    if (left === undefined) throw rejected('unknown_sku', `there is no article ${sku}`, { field });
    if (left < quantity)
      throw rejected('out_of_stock', `of ${sku} there are ${left} left, not ${quantity}`, { field });
  }
  for (const { sku, quantity } of wanted) {
    if (move(sku, quantity, ctx) === 0) ctx.publish(agent['stock-depleted'], { sku, orderId });
  }
  ctx.state.set(reservationKey(orderId), { kind: 'reservation', orderId, status: 'reserved', lines: wanted });
  return { orderId, lines: wanted };
}

/** Gives back what the order holds, and leaves word that it holds nothing any more: also where it never did. */
function release({ orderId, lines }: OrderLines, ctx: HandlerContext<InventoryState>) {
  const known = reservationOf(orderId, ctx);
  if (known?.status === 'released') return { orderId, lines: [] };
  if (known && !sameLines(known.lines, perSku(lines)))
    throw rejected('order_mismatch', `the order ${orderId} has reserved other articles`, { field: 'lines' });
  const held = known?.lines ?? [];
  for (const { sku, quantity } of held) move(sku, -quantity, ctx);
  ctx.state.set(reservationKey(orderId), { kind: 'reservation', orderId, status: 'released', lines: [] });
  return { orderId, lines: held };
}

function restock({ lines }: Pick<OrderLines, 'lines'>, ctx: HandlerContext<InventoryState>) {
  const stock = perSku(lines).map(({ sku, quantity }) => {
    const { available = 0, received = 0, reserved = 0 } = stockOf(sku, ctx) ?? {};
    const left = available + quantity;
    ctx.state.set(stockKey(sku), {
      kind: 'stock',
      sku,
      available: left,
      received: received + quantity,
      reserved,
    });
    return { sku, available: left };
  });
  return { stock };
}

/** Moves so many from available to reserved (or back, when negative). Returns what is left. */
function move(sku: string, quantity: number, ctx: HandlerContext<InventoryState>): number {
  const stock = stockOf(sku, ctx);
  if (!stock) throw rejected('unknown_sku', `there is no article ${sku}`);
  const available = stock.available - quantity;
  ctx.state.set(stockKey(sku), { ...stock, available, reserved: stock.reserved + quantity });
  return available;
}

function stockOf(sku: string, ctx: HandlerContext<InventoryState>): Stock | undefined {
  const document = ctx.state.get(stockKey(sku));
  return document?.kind === 'stock' ? document : undefined;
}

function reservationOf(orderId: string, ctx: HandlerContext<InventoryState>): Reservation | undefined {
  const document = ctx.state.get(reservationKey(orderId));
  return document?.kind === 'reservation' ? document : undefined;
}

/** One line per article, however often the order names it. */
function perSku(lines: readonly Quantity[]): Quantity[] {
  const totals = new Map<string, number>();
  for (const { sku, quantity } of lines) totals.set(sku, (totals.get(sku) ?? 0) + quantity);
  return [...totals].map(([sku, quantity]) => ({ sku, quantity }));
}

function sameLines(some: readonly Quantity[], others: readonly Quantity[]): boolean {
  const quantities = new Map(others.map(({ sku, quantity }) => [sku, quantity]));
  return some.length === others.length && some.every(({ sku, quantity }) => quantities.get(sku) === quantity);
}
