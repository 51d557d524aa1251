import { expect, test } from 'vitest';
import * as z from 'zod';
import { paletteFor } from '../../../cli/output/palette.ts';
import { detailsOf, detailsText } from '../../../cli/runs/run-text.ts';
import { sleep } from '../../../shared/contract/clock.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import type { Store } from '../../../shared/contract/store.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import {
  defineWorkflow,
  readHistory,
  stepProgress,
  undo,
  workflowRoutes,
} from '../../../shared/workflow/index.ts';
import { decodeRun } from '../../../shared/workflow/run-record.ts';
import { World } from '../../support/world.ts';

const Backup = z.object({ id: z.string() });
const archive = defineAgent({
  name: 'archive',
  commands: {
    upload: { input: Backup, output: z.int(), mode: 'effect' },
    remove: { input: Backup, mode: 'effect' },
  },
  limits: { timeout: '300s' },
});
const backups = defineAgent({
  name: 'backups',
  calls: ['archive'],
  workflows: { backup: { input: Backup, output: z.int(), key: 'id' } },
});
const backup = defineWorkflow({
  name: 'backup',
  version: 1,
  input: Backup,
  output: z.int(),
  run: (wf, { id }) =>
    wf.call(archive.upload, { id }, { compensate: undo(archive.remove, ({ input }) => input) }),
});
const RUN = runIdOf('backup', 'b1');

async function recorded(store: Store) {
  const [document] = await store.read([`workflows/${RUN}`]);
  if (!document) throw new Error('there is no run');
  const run = decodeRun(document);
  return { run, history: await readHistory(store, run) };
}

/** An upload of 100 pages, one a second; `at` is told before each, `meanwhile` before each delivery. */
function mesh(at: (page: number) => void, meanwhile: (deliveries: number) => void = () => {}) {
  const pages: number[] = [];
  const told: unknown[] = [];
  const handlers = {
    upload: async (_, ctx) => {
      ctx.signal.addEventListener('abort', () => told.push(ctx.signal.reason));
      for (let page = 0; page < 100; page++) {
        at(page);
        ctx.signal.throwIfAborted();
        await sleep(world.clock, 1_000);
        pages.push(page);
        ctx.heartbeat({ page });
      }
      return 100;
    },
    remove: () => {
      pages.length = 0;
    },
  } satisfies HandlersOf<typeof archive>;
  const world: World = new World({
    parallel: () => 2,
    meanwhile,
    agents: [
      {
        contract: backups.contract,
        routes: ({ clock, ids }) =>
          workflowRoutes({ contract: backups.contract, definitions: [backup], clock, ids }),
      },
      {
        contract: archive.contract,
        routes: ({ clock, secrets }) =>
          handlerRoutes({ contract: archive.contract, handlers, clock, secrets, env: {} }),
      },
    ],
  });
  world.command('backups', 'backup', { id: 'b1' });
  return { world, pages, told };
}

test('a run that is cancelled stops the handler of its open step, and undoes what that did', async () => {
  let last = 0;
  const { world, pages, told } = mesh(
    (page) => {
      last = page;
    },
    // Beside the upload, which is the second delivery.
    (deliveries) => deliveries === 1 && world.command('backups', 'mesh.cancel', {}, { runid: RUN }),
  );
  await world.settle();
  const { run } = await recorded(world.store);
  expect(run.status).toBe('cancelled');
  expect(told).toEqual([expect.objectContaining({ code: 'CallerGone' })]);
  expect(pages).toEqual([]);
  expect(last).toBeGreaterThan(0);
  expect(last).toBeLessThan(30);
});

test('the progress of an open step is shown with its run', async () => {
  let shown: Promise<string> | undefined;
  const { world, told } = mesh((page) => {
    if (page !== 30) return;
    shown = recorded(world.store).then(async ({ run, history }) => {
      const progress = await stepProgress(world.store, run, history);
      return detailsText(detailsOf(run, history, progress), paletteFor({ write: () => true }, {}));
    });
  });
  await world.settle();
  expect(await shown).toMatch(/PROGRESS[\s\S]*call archive\.upload +open[\s\S]*\{"page":2\d\} \(/);
  const { run, history } = await recorded(world.store);
  expect(run).toMatchObject({ status: 'completed', output: 100 });
  expect(await stepProgress(world.store, run, history)).toEqual(new Map());
  expect(told).toEqual([]);
});
