import * as z from 'zod';
import { type Clock, sleep } from '../../../shared/contract/clock.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { hasCode, rejected } from '../../../shared/contract/errors.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { HandlerContext, HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { undo } from '../../../shared/workflow/context.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import type { Outside } from '../world/outside.ts';
import type { Random } from '../world/random.ts';
import type { EndState, Play, Workload } from '../world/workload.ts';

const Backup = z.object({
  backupId: z.string(),
  pages: z.int(),
  pageMs: z.int(),
  /** The upload is let go when it takes longer. */
  patience: z.enum(['none', '20s', '2m']),
  /** Pages of one message; the next go on in another. */
  slice: z.int(),
});
type Backup = z.infer<typeof Backup>;
const Upload = Backup.omit({ patience: true });

const archive = defineAgent({
  name: 'archive',
  commands: {
    upload: { input: Upload, output: z.object({ pages: z.int() }), mode: 'effect' },
    remove: { input: z.object({ backupId: z.string() }), mode: 'effect' },
  },
  limits: { timeout: '100s' },
});

const backups = defineAgent({
  name: 'backups',
  calls: ['archive'],
  workflows: { backup: { input: Backup, output: z.object({ kept: z.boolean() }), key: 'backupId' } },
});

const backup = defineWorkflow({
  name: 'backup',
  version: 1,
  input: Backup,
  output: z.object({ kept: z.boolean() }),
  async run(wf, { patience, ...backup }) {
    const { backupId } = backup;
    const upload = async () => {
      await wf.call(archive.upload, backup, { compensate: undo(archive.remove, () => ({ backupId })) });
      return true;
    };
    const late = async () => {
      if (patience !== 'none') await wf.sleep(patience);
      return false;
    };
    return { kept: patience === 'none' ? await upload() : await wf.race([upload, late]) };
  },
});

/** Where pages are kept. A backup that was removed takes no pages any more. */
class Shelf {
  readonly pages = new Map<string, Set<number>>();
  readonly wrong: string[] = [];
  /** Backups whose upload was told that nobody waits for it. */
  readonly told = new Set<string>();
  readonly #removed = new Set<string>();

  put(backupId: string, page: number): void {
    if (this.#removed.has(backupId)) throw rejected('removed', 'it was removed before');
    this.pages.set(backupId, (this.pages.get(backupId) ?? new Set()).add(page));
  }

  remove(backupId: string): void {
    this.#removed.add(backupId);
    this.pages.delete(backupId);
  }

  /** An attempt begins with this page: all before it were put, unless it was removed since. */
  begins(backupId: string, page: number): void {
    const put = this.pages.get(backupId) ?? new Set();
    for (let before = 0; before < page; before++)
      if (!put.has(before) && !this.#removed.has(backupId))
        this.wrong.push(`heartbeat: ${backupId} goes on from page ${page}, and page ${before} was never put`);
  }
}

function handlersOf(shelf: Shelf, outside: Outside, clock: Clock) {
  const heed = (backupId: string, { signal }: HandlerContext<unknown>, undone: boolean) =>
    signal.addEventListener('abort', () => {
      if (!hasCode(signal.reason, 'CallerGone')) return;
      if (undone) shelf.wrong.push(`I8: the removal of ${backupId} was told to stop`);
      else shelf.told.add(backupId);
    });
  return {
    upload: async ({ backupId, pages, pageMs, slice }, ctx) => {
      heed(backupId, ctx, false);
      const from = z.int().default(0).parse(ctx.cursor);
      const first = z.int().default(from).parse(ctx.lastHeartbeat);
      if (first < from) shelf.wrong.push(`cursor: ${backupId} goes back from page ${from} to ${first}`);
      shelf.begins(backupId, first);
      for (let page = first; page < pages; page++) {
        await sleep(clock, pageMs);
        await outside.ask(`to keep ${backupId}/${page}`, ctx, () => shelf.put(backupId, page));
        ctx.heartbeat(page + 1);
        if (page + 1 < pages && page + 1 - from >= slice) ctx.proceed(page + 1);
      }
      return { pages };
    },
    remove: async ({ backupId }, ctx) => {
      heed(backupId, ctx, true);
      await sleep(clock, 15_000);
      await outside.ask(`to remove ${backupId}`, ctx, () => shelf.remove(backupId));
    },
  } satisfies HandlersOf<typeof archive>;
}

/** Effects that take long, in one message or several, tell their progress, go on from it, and are told when nobody waits for them any more. */
export const uploads: Workload = { name: 'uploads', play };

function play(random: Random): Play {
  const shelf = new Shelf();
  const wanted: Backup[] = Array.from({ length: random.between(1, 3) }, (_, at) => ({
    backupId: `backup-${at}`,
    pages: random.between(1, 12),
    pageMs: random.pick([500, 3_000, 7_000]),
    patience: random.pick(['none', 'none', '20s', '2m']),
    slice: random.pick([1, 4, 100]),
  }));
  const acts: Play['acts'][number][] = [];
  const cancelled = new Set<string>();
  for (const each of wanted) {
    const atMs = random.below(2_000);
    acts.push({ atMs, act: (client) => client.command('backups', 'backup', each) });
    if (!random.chance(0.4)) continue;
    cancelled.add(each.backupId);
    acts.push({
      atMs: atMs + random.below(random.pick([3_000, 30_000, 90_000])),
      act: (client) => client.cancel('backups', runIdOf('backup', each.backupId)),
    });
  }
  return {
    agents: [
      {
        contract: backups.contract,
        routes: ({ ports: { clock, ids } }) =>
          workflowRoutes({ contract: backups.contract, definitions: [backup], clock, ids }),
      },
      {
        contract: archive.contract,
        routes: ({ ports: { clock, secrets }, outside }) =>
          handlerRoutes({
            contract: archive.contract,
            handlers: handlersOf(shelf, outside, clock),
            clock,
            secrets,
            env: {},
          }),
      },
    ],
    acts,
    audit: (end) => audit(end, shelf, wanted, cancelled),
  };
}

function* audit(
  { runs, deadLetters }: EndState,
  shelf: Shelf,
  wanted: readonly Backup[],
  cancelled: ReadonlySet<string>,
): Generator<string> {
  yield* shelf.wrong;
  for (const { backupId, pages, patience } of wanted) {
    const run = runs.find(({ key }) => key === backupId);
    const kept = shelf.pages.get(backupId)?.size ?? 0;
    if (!run) {
      if (deadLetters.size === 0) yield `books: there is no run of ${backupId}`;
      if (kept > 0) yield `books: ${backupId} never ran, and has ${kept} pages`;
      continue;
    }
    const { status } = run;
    if (status === 'compensation_failed') yield `I8: the removal of ${backupId} was given up on`;
    if (status === 'cancelled' && !cancelled.has(backupId)) yield `books: nobody cancelled ${backupId}`;
    const whole =
      status === 'completed' && z.object({ kept: z.boolean() }).parse(run.output).kept ? pages : 0;
    if (kept !== whole) yield `books: ${backupId} is ${status}, and has ${kept} of ${pages} pages`;
    if (whole > 0 && shelf.told.has(backupId)) yield `told: ${backupId} was wanted, and was told to stop`;
    if (whole === 0 && status === 'completed' && patience === 'none')
      yield `books: ${backupId} completed without an upload`;
  }
}
