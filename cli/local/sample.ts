import { systemClock } from '../../shared/contract/clock.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import type { RunRecord } from '../../shared/workflow/index.ts';
import type { UpOptions } from '../commands/up.ts';
import type { Io } from '../io.ts';
import { type Format, Printer } from '../output/printer.ts';
import type { Progress } from '../output/progress.ts';
import { lengthText } from '../output/time.ts';
import { generateCatalogue, restocksOf } from '../sample/catalogue.ts';
import { generateOrders } from '../sample/orders.ts';
import { reconcile } from '../sample/reconcile.ts';
import { buildReport, reportText, type SampleReport } from '../sample/report.ts';
import { withPorts } from '../target.ts';
import { startChaos } from './chaos.ts';
import { type Enforcement, withDenials } from './enforcement.ts';
import type { LocalMesh } from './local-mesh.ts';
import { OrderDesk } from './order-desk.ts';
import { watchRuns } from './run-watch.ts';
import { type Flow, quiet, readStock, restock, wake } from './sample-flow.ts';
import { makeReports } from './sample-reports.ts';
import type { Stop } from './stop.ts';

export interface SampleRequest {
  readonly mesh: LocalMesh;
  readonly options: UpOptions;
  readonly format: Format;
  readonly io: Io;
  readonly progress: Progress;
  readonly readyMs: number;
  readonly stop: Stop;
  /** What the mesh is held to, if it is. */
  readonly enforcement?: Enforcement;
}

/**
 * Sends the sample orders through the mesh, waits until all is done, and prints the report. Returns whether the books balance.
 *
 * @throws MeshError `Timeout`, naming what is stuck; `RunCancelled` when it is stopped before
 */
export async function runSample(request: SampleRequest): Promise<boolean> {
  const { mesh, format, io, progress, stop } = request;
  try {
    const target = { ...mesh.topology, env: { ...io.env, ...mesh.env } };
    const report = await withPorts(target, (ports) =>
      play(request, { ports, topology: mesh.topology, signal: stop.signal }),
    );
    progress.done();
    new Printer(io, format).item(report, (palette) => `\n${reportText(report, palette)}`);
    return report.balanced;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new MeshError('RunCancelled', 'stopped before the sample orders were done', {
      hint: 'Start again: orders that were on their way are gone with the local mesh.',
    });
  }
}

async function play(
  { mesh, options, progress, readyMs, enforcement }: SampleRequest,
  flow: Flow,
): Promise<SampleReport> {
  const { seed, orders: count, timeout: timeoutMs, chaos: chaotic = false } = options;
  const catalogue = generateCatalogue({ seed, orders: count });
  const today = new Date().toISOString().slice(0, 10);
  const orders = generateOrders({ seed, count, catalogue, today });
  wake(flow, mesh.run);
  await restock(flow, restocksOf(catalogue));
  const { services, kill } = mesh.run;
  const chaos = chaotic ? startChaos({ clock: systemClock, seed, services, kill }) : undefined;
  try {
    const desk = new OrderDesk(flow, orders);
    await refuseOldBooks(flow);
    const ended = await watchRuns(flow.ports, desk.runIds, {
      timeoutMs,
      signal: flow.signal,
      onLook: async (runs) => {
        progress.update(progressText(runs, count));
        await desk.fill(runs);
      },
    });
    const totalMs = Date.now() - performance.timeOrigin;
    chaos?.stop();
    progress.update('every run has ended; waiting for the last messages');
    await quiet(flow, mesh, timeoutMs);
    const runs = [...ended.values()];
    progress.update('waiting for the report of the day');
    const reports = await makeReports(flow, runs, timeoutMs);
    const { stripe, twilio, calendar, shipping } = mesh.cloud.providers;
    const books = reconcile({
      orders,
      catalogue,
      runs,
      reports,
      stock: await readStock(flow, catalogue),
      books: {
        stripe: stripe.books,
        twilio: twilio.books,
        calendar: calendar.books,
        shipping: shipping.books,
      },
    });
    return buildReport({
      reconciliation: enforcement ? withDenials(books, enforcement.denials) : books,
      runs,
      publishedAt: desk.publishedAt,
      timing: { readyMs, firstOrderMs: firstFulfilledMs(runs), totalMs },
      seed,
      chaos: chaotic,
    });
  } finally {
    chaos?.stop();
  }
}

/** An emulator that ran before may hold another sample's orders and stock: the books would be of both. */
async function refuseOldBooks({ ports, topology }: Flow): Promise<void> {
  const runs = await ports.store.query({ collection: 'workflows', limit: 1 });
  if (runs.length === 0) return;
  throw new MeshError(
    'ConfigurationInvalid',
    `the Firestore emulator holds runs of ${topology.project} already`,
    {
      field: '--project',
      hint: 'Start the emulator anew, or play another project with --project.',
    },
  );
}

/** From the start of the process; 0 where none was fulfilled. */
function firstFulfilledMs(runs: readonly RunRecord[]): number {
  const ends = runs.flatMap(({ status, endedAt }) =>
    status === 'completed' && endedAt ? [endedAt.getTime()] : [],
  );
  return ends.length > 0 ? Math.min(...ends) - performance.timeOrigin : 0;
}

function progressText(runs: ReadonlyMap<string, RunRecord>, count: number): string {
  const fulfilled = [...runs.values()].filter(({ status }) => status === 'completed').length;
  const seconds = lengthText(performance.now());
  return `${runs.size} of ${count} orders ended: ${fulfilled} fulfilled, ${runs.size - fulfilled} not; ${seconds}`;
}
