import { digest, type HandlerContext, type HandlersOf, MeshError } from '../../shared/index.ts';
import {
  type Entry,
  type ReportsState,
  reportKey,
  type reports,
  type Sheet,
  type SheetRef,
  type Tally,
} from './contract.ts';
import { reportOf, textOf } from './report.ts';
import { append, openKey, seal, sealedKey, shardOf, shards } from './sheet.ts';
import { EMPTY_TALLY, sumOf, tallyOf } from './tally.ts';

type Context = HandlerContext<ReportsState>;

export const handlers = {
  'orders.fulfilled': noting(({ orderId, total, currency, lines, placedAt, fulfilledAt }) => ({
    at: fulfilledAt,
    entry: {
      kind: 'fulfilled',
      orderId,
      currency,
      total,
      tookMs: Math.max(0, Date.parse(fulfilledAt) - Date.parse(placedAt)),
      lines,
    },
  })),
  'orders.rejected': noting(({ orderId, reason, rejectedAt }) => ({
    at: rejectedAt,
    entry: { kind: 'rejected', orderId, reason },
  })),
  'payments.refunded': noting(({ orderId, currency, amount, refundedAt }) => ({
    at: refundedAt,
    entry: { kind: 'refunded', orderId, currency, amount },
  })),
  page: { keys: pageKeys, handle: page },
  tally: {
    keys: ({ day, sheets }) => [...sheets.map((ref) => sealedKey(day, ref)), tallyKey(sheets)],
    handle: tally,
  },
  combine: { keys: ({ tallies }) => [...tallies, tallyKey(tallies)], handle: combine },
  file: { keys: ({ day, tally: id }) => [reportKey(day), ...(id === undefined ? [] : [id])], handle: file },
} satisfies HandlersOf<typeof reports>;

/** Names the tally of just these: counting them again is the same tally. */
const tallyKey = (of: readonly unknown[]) => `tally:${digest('tally', JSON.stringify(of))}`;

interface Noted {
  readonly at: string;
  readonly entry: Entry;
}

/** A handler that writes into the day's sheets what an event tells. */
function noting<Event>(noted: (event: Event) => Noted) {
  const placeOf = (event: Event) => {
    const { at, entry } = noted(event);
    const day = new Date(at).toISOString().slice(0, 10);
    const shard = shardOf(entry.orderId);
    const id = `${entry.orderId}.${entry.kind}`;
    return { entry, id, open: openKey(day, shard), sealed: sealedKey(day, { shard, id }) };
  };
  return {
    keys: (event: Event) => {
      const { open, sealed } = placeOf(event);
      return [open, sealed];
    },
    handle: (event: Event, ctx: Context) => {
      const { entry, id, open, sealed } = placeOf(event);
      const next = append(sheetAt(open, ctx), entry, id);
      ctx.state.set(open, next.open);
      if (next.sealed) ctx.state.set(sealed, next.sealed);
    },
  };
}

interface PageInput {
  readonly day: string;
  readonly snapshot: string;
  readonly from?: readonly SheetRef[] | undefined;
}

function pageKeys({ day, snapshot, from }: PageInput): string[] {
  if (from) return from.map((ref) => sealedKey(day, ref));
  return shards.flatMap((shard) => [openKey(day, shard), sealedKey(day, { shard, id: snapshot })]);
}

function page({ day, snapshot, from }: PageInput, ctx: Context) {
  const listing = from
    ? from.map((ref) => ({ shard: ref.shard, sheet: sheetAt(sealedKey(day, ref), ctx) }))
    : shards.map((shard) => ({ shard, sheet: sealedUp(day, { shard, id: snapshot }, ctx) }));
  const sheets = listing.flatMap(({ shard, sheet }) => (sheet?.sealed ?? []).map((id) => ({ shard, id })));
  const next = listing.flatMap(({ shard, sheet }) =>
    sheet?.before === undefined ? [] : [{ shard, id: sheet.before }],
  );
  return { sheets, ...(next.length > 0 && { next }) };
}

/** Seals what is open in a shard, and returns the open sheet that is left. */
function sealedUp(day: string, ref: SheetRef, ctx: Context): Sheet | undefined {
  const key = openKey(day, ref.shard);
  const open = sheetAt(key, ctx);
  // What came after the snapshot, should it be asked for again, is the next one's.
  if (!open || open.entries.length === 0 || sheetAt(sealedKey(day, ref), ctx)) return open;
  const next = seal(open, ref.id);
  ctx.state.set(key, next.open);
  if (next.sealed) ctx.state.set(sealedKey(day, ref), next.sealed);
  return next.open;
}

function tally(
  { day, sheets }: { readonly day: string; readonly sheets: readonly SheetRef[] },
  ctx: Context,
) {
  const entries = sheets.flatMap((ref) => {
    const key = sealedKey(day, ref);
    const sheet = sheetAt(key, ctx);
    if (!sheet) throw missing(key);
    return sheet.entries;
  });
  return keep(tallyKey(sheets), tallyOf(entries), ctx);
}

function combine({ tallies }: { readonly tallies: readonly string[] }, ctx: Context) {
  return keep(tallyKey(tallies), sumOf(tallies.map((id) => tallyAt(id, ctx))), ctx);
}

function keep(key: string, value: Tally, ctx: Context) {
  ctx.state.set(key, value);
  return { tally: key };
}

function file(
  { day, tally: id }: { readonly day: string; readonly tally?: string | undefined },
  ctx: Context,
) {
  const report = reportOf(day, id === undefined ? EMPTY_TALLY : tallyAt(id, ctx), ctx.now());
  ctx.state.set(reportKey(day), report);
  const to = ctx.setting('REPORTS_PHONE');
  return { report, text: textOf(report), ...(to !== undefined && { to }) };
}

function sheetAt(key: string, ctx: Context): Sheet | undefined {
  const document = ctx.state.get(key);
  return document?.kind === 'sheet' ? document : undefined;
}

function tallyAt(key: string, ctx: Context): Tally {
  const document = ctx.state.get(key);
  if (document?.kind !== 'tally') throw missing(key);
  return document;
}

const missing = (key: string) => new MeshError('NotFound', `there is no ${key} any more`, { field: key });
