import { generateCatalogue, restocksOf } from '../../cli/sample/catalogue.ts';
import { generateOrders } from '../../cli/sample/orders.ts';
import { BenchMesh } from './bench-mesh.ts';
import { count, quantile, type Row } from './row.ts';

const ORDERS = 400;
const WARM = 60;
const SEED = 7;

/** The sample's orders, through all of its agents and the sandboxes of its providers. */
export async function orders(): Promise<Row[]> {
  const mesh = await BenchMesh.start(new URL('../../agents', import.meta.url).pathname);
  try {
    const total = ORDERS + WARM;
    const catalogue = generateCatalogue({ seed: SEED, orders: total });
    const today = new Date().toISOString().slice(0, 10);
    const all = generateOrders({ seed: SEED, count: total, catalogue, today });
    await mesh.openShop(restocksOf(catalogue));
    await mesh.runAll('fulfill-order', all.slice(0, WARM), 20, 'orders');
    const before = mesh.processorMs;
    const started = performance.now();
    const runs = await mesh.runAll('fulfill-order', all.slice(WARM), 50, 'orders');
    const seconds = (performance.now() - started) / 1_000;
    const after = mesh.processorMs;
    const took = runs.map(({ createdAt, endedAt }) => (endedAt?.getTime() ?? 0) - createdAt.getTime());
    const fulfilled = runs.filter(({ status }) => status === 'completed').length;
    return [
      {
        figure: `${count(ORDERS)} orders of the sample, 50 at a time, ${fulfilled} fulfilled`,
        value: `${(ORDERS / seconds).toFixed(0)} orders/s`,
        goal: '',
      },
      {
        figure: '  time of an order, median and p95',
        value: `${quantile(took, 0.5)} ms, ${quantile(took, 0.95)} ms`,
        goal: '',
      },
      ...(before !== undefined && after !== undefined
        ? [
            {
              figure: '  processor time of an order, all processes',
              value: `${((after - before) / ORDERS).toFixed(1)} ms`,
              goal: '',
            },
          ]
        : []),
    ];
  } finally {
    await mesh.close();
  }
}
