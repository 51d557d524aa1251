import { OPERATIONS } from './agents/flow/contract.ts';
import type { BenchMesh } from './bench-mesh.ts';
import type { Traffic } from './traffic.ts';

type Operation = Exclude<(typeof OPERATIONS)[number], 'nothing'>;

/** What one operation costs. */
export interface Cost {
  readonly operation: string;
  readonly reads: number;
  readonly commits: number;
  readonly otherRequests: number;
  readonly documentsRead: number;
  readonly documentsWritten: number;
  readonly publishes: number;
  readonly timers: number;
  readonly floor: string;
}

/**
 * The fewest requests that an operation can cost: a commit for each message that is handled (read first by an agent that needs to know),
 * and a request to publish for each topic that handling it sends to.
 */
const FLOORS: Readonly<Record<Operation, string>> = {
  call: '2 commits, 2 publishes',
  'call in effect mode': '1 read, 3 commits, 2 publishes',
  'entity call': '1 read, 2 commits, 2 publishes',
  'gather branch': '1 commit, 1 publish, and a share of the fold',
  'map-reduce shard': '1 commit, 1 publish, and a share of the fold',
  child: '1 read, 2 commits, 2 publishes',
  sleep: '1 commit, 1 timer, 1 publish',
  signal: '1 commit, 1 publish',
  sideEffect: 'none: the commit of what comes before it',
  publish: 'none but 1 publish for all that a commit sends',
  setStatus: 'none: the commit of what comes before it',
};

const COUNT = 100;

/** The cost of each operation: of a run with so many of it, less that of a run without any, by their number. */
export async function costs(mesh: BenchMesh): Promise<Cost[]> {
  await traffic(mesh, 'call', 10);
  const bare = await traffic(mesh, 'nothing', 0);
  const all: Cost[] = [];
  for (const operation of OPERATIONS) {
    if (operation === 'nothing') continue;
    const whole = await traffic(mesh, operation, COUNT);
    const each = (of: (traffic: Traffic) => number) => (of(whole) - of(bare)) / COUNT;
    const named = (name: string) => each(({ requests }) => requests[name] ?? 0);
    const requests = each((of) => Object.values(of.requests).reduce((sum, count) => sum + count, 0));
    const [reads, commits] = [named('BatchGetDocuments'), named('Commit')];
    all.push({
      operation,
      reads,
      commits,
      otherRequests: requests - reads - commits,
      documentsRead: each((of) => of.reads),
      documentsWritten: each((of) => of.writes),
      publishes: each((of) => of.publishes),
      timers: each((of) => of.timers),
      floor: FLOORS[operation],
    });
  }
  return all;
}

async function traffic(
  mesh: BenchMesh,
  operation: (typeof OPERATIONS)[number],
  count: number,
): Promise<Traffic> {
  mesh.traffic.reset();
  const [runId = ''] = await mesh.begin('operations', [{ operation, count }]);
  if (operation === 'signal') {
    await mesh.until('createdAt', runId);
    for (let sent = 0; sent < count; sent++) await mesh.signal(runId, 'go', 1);
  }
  await mesh.until('endedAt', runId);
  return mesh.traffic.sinceReset;
}
