import type { Contract } from '../../shared/contract/agent.ts';
import type { Ports } from '../../shared/contract/ports.ts';
import type { Store } from '../../shared/contract/store.ts';
import { computeTopology } from '../../shared/topology.ts';
import type { RunStatus } from '../../shared/workflow/index.ts';
import { listRuns } from '../../shared/workflow/runs/index.ts';
import { listDeadLetters } from '../dead-letters/dead-letter-lookup.ts';
import type { Target } from '../target.ts';
import { check, type Finding, fail, pass, warn } from './check.ts';

const MOST = 1_000;
/** A run that has not moved for so long deserves a look. */
const STUCK_MS = 15 * 60_000;
const HTTP_TIMEOUT_MS = 5_000;

/** Whether every topic of the topology is there: asked by REST, which the local cloud and Google's emulator both speak. */
export function checkTopology(
  { project, prefix, env }: Target,
  contracts: readonly Contract[],
): Promise<Finding> {
  const fix = 'Apply it: start the local mesh anew with mesh up, or deploy with pulumi up.';
  return check('topology', fix, async () => {
    const host = env.PUBSUB_EMULATOR_HOST;
    if (!host)
      return warn(
        'topology',
        'is not looked at on Google Cloud',
        'Compare with: mesh topology; pulumi preview',
      );
    const url = `http://${host}/v1/projects/${project}/topics?pageSize=1000`;
    const response = await fetch(url, {
      // A local server that enforces access has to be told who asks; Google's emulator lets its owner do everything.
      headers: { authorization: 'Bearer owner' },
      signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
    });
    const { topics = [] } = (await response.json()) as { topics?: readonly { readonly name: string }[] };
    const there = new Set(topics.map(({ name }) => name.slice(name.lastIndexOf('/') + 1)));
    const wanted = computeTopology(contracts, { project, prefix }).topics.map(({ name }) => name);
    const missing = wanted.filter((name) => !there.has(name));
    return missing.length === 0
      ? pass('topology', `${wanted.length} topics are there`)
      : fail('topology', `missing: ${missing.join(', ')}`, fix);
  });
}

export function checkSecrets(
  { secrets }: Pick<Ports, 'secrets'>,
  contracts: readonly Contract[],
): Promise<Finding> {
  const names = [...new Set(contracts.flatMap((contract) => contract.secrets))].sort();
  return check('secrets', 'Add a version of the secret; locally, to .mesh/secrets.json.', async () => {
    for (const name of names) await secrets.get(name);
    return pass('secrets', `${names.length} have a value`);
  });
}

export function checkRuns(store: Store, now: number): Promise<Finding> {
  return check('runs', 'See whether Firestore can be reached, and whether you may read it.', async () => {
    const bad: string[] = [];
    for (const status of ['blocked', 'compensation_failed'] as const satisfies readonly RunStatus[]) {
      const { runs } = await listRuns(store, { status }, { limit: MOST });
      if (runs.length > 0) bad.push(`${runs.length} ${status}`);
    }
    if (bad.length > 0) {
      return fail(
        'runs',
        bad.join(', '),
        'mesh runs list --status blocked (or compensation_failed), then docs/errors.md',
      );
    }
    const { runs: running } = await listRuns(store, { status: 'running' }, { limit: MOST });
    const stuck = running.filter(({ updatedAt }) => now - updatedAt.getTime() > STUCK_MS);
    return stuck.length === 0
      ? pass('runs', `${running.length} running`)
      : warn('runs', `${stuck.length} have not moved for 15 minutes`, `mesh runs show ${stuck[0]?.runId}`);
  });
}

export function checkDeadLetters(store: Store): Promise<Finding> {
  return check(
    'dead letters',
    'See whether Firestore can be reached, and whether you may read it.',
    async () => {
      const { length } = await listDeadLetters(store, { status: 'open' }, { limit: MOST });
      return length === 0
        ? pass('dead letters', 'none is open')
        : warn('dead letters', `${length} open`, 'mesh dead-letters list --status open');
    },
  );
}
