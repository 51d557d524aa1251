import { connect } from 'node:net';
import { join } from 'node:path';
import type { Contract } from '../../shared/contract/agent.ts';
import { computeTopology } from '../../shared/topology.ts';
import { checkAgents } from '../agent-check/check-agents.ts';
import { readContracts } from '../contracts.ts';
import { CHECKOUT } from '../place.ts';
import { check, type Finding, fail, pass } from './check.ts';

/** The first Node that runs TypeScript without a warning (`engines` of package.json). */
const OLDEST_NODE = [24, 12] as const;

export function checkNode(version: string = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
    ? pass('node', `Node ${version}`)
    : fail(
        'node',
        `Node ${version} is too old`,
        `Run mesh with npm (npm run mesh), which brings Node ${OLDEST_NODE.join('.')} or later.`,
      );
}

/** Whether handlers, workflows and schemas of all agents are as their contracts want them. */
export function checkCode(agents: string = join(CHECKOUT, 'agents')): Promise<Finding> {
  const fix = 'Correct what is named.';
  return check('code', fix, async () => {
    const problems = await checkAgents(agents);
    return problems.length === 0
      ? pass('code', 'handlers, workflows and schemas fit the contracts')
      : fail('code', problems.map(({ message }) => message).join('; '), problems[0]?.hint ?? fix);
  });
}

/** The contracts, where they are valid and fit together. */
export async function checkContracts(agents: string | undefined): Promise<{
  readonly finding: Finding;
  readonly contracts: readonly Contract[];
}> {
  let contracts: readonly Contract[] = [];
  const finding = await check('contracts', 'Correct the contract that is named.', async () => {
    contracts = await readContracts(agents);
    const { topics, subscriptions } = computeTopology(contracts, { project: 'diagnose' });
    return pass(
      'contracts',
      `${contracts.length} agents, ${topics.length} topics, ${subscriptions.length} subscriptions`,
    );
  });
  return { finding, contracts };
}

const CONNECT_TIMEOUT_MS = 2_000;

/** Whether something listens at `host:port`, or at the address of a URL. */
export function checkReachable(name: string, address: string): Promise<Finding> {
  const { hostname, port } = new URL(address.includes('://') ? address : `http://${address}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: CONNECT_TIMEOUT_MS });
    const end = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    const broken = (why: string) =>
      end(
        fail(name, `${address} does not answer: ${why}`, 'Stop the local mesh and start it again: mesh up'),
      );
    socket.on('connect', () => end(pass(name, address)));
    socket.on('timeout', () => broken('timeout'));
    socket.on('error', (error: NodeJS.ErrnoException) => broken(error.code ?? error.message));
  });
}
