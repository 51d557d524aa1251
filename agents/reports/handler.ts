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
    keys: ({ day, items }) => [...items.map((ref) => sealedKey(day, ref)), tallyKey(items)],
    handle: tally,
  },
  combine: { keys: ({ results }) => [...results, tallyKey(results)], handle: combine },
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
  readonly token: string | null;
}

const pageKey = ({ day, snapshot }: PageInput) => `page:${day}:${snapshot}`;

function pageKeys(input: PageInput): string[] {
  const { day, snapshot, token } = input;
  if (token !== null) return refsOf(token).map((ref) => sealedKey(day, ref));
  const sheets = shards.flatMap((shard) => [openKey(day, shard), sealedKey(day, { shard, id: snapshot })]);
  return [pageKey(input), ...sheets];
}

function page(input: PageInput, ctx: Context) {
  const { day, snapshot, token } = input;
  // Sealed sheets never change.
  if (token !== null)
    return listed(refsOf(token).map((ref) => [ref.shard, sheetAt(sealedKey(day, ref), ctx)] as const));
  const known = ctx.state.get(pageKey(input));
  if (known?.kind === 'page') return withoutKind(known);
  const first = listed(shards.map((shard) => [shard, sealedUp(day, { shard, id: snapshot }, ctx)] as const));
  ctx.state.set(pageKey(input), { kind: 'page', ...first });
  return first;
}

function withoutKind<Kept extends { readonly kind: string }>({ kind: _, ...rest }: Kept) {
  return rest;
}

/** What the sheets of some shards list, and what to read the older ones by. */
function listed(sheets: readonly (readonly [shard: number, Sheet | undefined])[]) {
  const items = sheets.flatMap(([shard, sheet]) => (sheet?.sealed ?? []).map((id) => ({ shard, id })));
  const older = sheets.flatMap(([shard, sheet]) =>
    sheet?.before === undefined ? [] : [`${shard}:${sheet.before}`],
  );
  return { items, ...(older.length > 0 && { next: older.join(',') }) };
}

function refsOf(token: string): SheetRef[] {
  return token.split(',').map((ref) => {
    const colon = ref.indexOf(':');
    return { shard: Number(ref.slice(0, colon)), id: ref.slice(colon + 1) };
  });
}

/** Seals what is open in a shard, and returns the open sheet that is left. */
function sealedUp(day: string, ref: SheetRef, ctx: Context): Sheet | undefined {
  const key = openKey(day, ref.shard);
  const open = sheetAt(key, ctx);
  if (!open || open.entries.length === 0) return open;
  const next = seal(open, ref.id);
  ctx.state.set(key, next.open);
  if (next.sealed) ctx.state.set(sealedKey(day, ref), next.sealed);
  return next.open;
}

function tally({ day, items }: { readonly day: string; readonly items: readonly SheetRef[] }, ctx: Context) {
  const entries = items.flatMap((ref) => {
    const key = sealedKey(day, ref);
    const sheet = sheetAt(key, ctx);
    if (!sheet) throw missing(key);
    return sheet.entries;
  });
  return keep(tallyKey(items), tallyOf(entries), ctx);
}

function combine({ results }: { readonly results: readonly string[] }, ctx: Context) {
  return keep(tallyKey(results), sumOf(results.map((id) => tallyAt(id, ctx))), ctx);
}

function keep(key: string, value: Tally, ctx: Context): string {
  ctx.state.set(key, value);
  return key;
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
