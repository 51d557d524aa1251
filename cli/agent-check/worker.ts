/** The thread of `checkAgents`: loads the code of all agents in a folder as their processes do, and posts what is wrong with it. */
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';
import { agentFolders, loadContract } from '../../agents/contracts.ts';
import { loadEntry } from '../../agents/entries.ts';
import type { Contract } from '../../shared/contract/agent.ts';
import { MeshError } from '../../shared/contract/errors.ts';
import { agentProblems, servedAgents } from '../../shared/index.ts';
import { computeTopology } from '../../shared/topology.ts';
import type { AgentProblem } from './problem.ts';

const { directory } = z.object({ directory: z.string() }).parse(workerData);
const problems: AgentProblem[] = [];
const contracts: Contract[] = [];
const add = (agent: string, error: unknown) => problems.push(problemOf(agent, error));

// One after the other: what was served since is the agent's own.
for (const agent of await agentFolders(directory)) {
  try {
    contracts.push(await loadContract(directory, agent));
  } catch (error) {
    add(agent, error);
    continue;
  }
  const before = servedAgents().length;
  try {
    await loadEntry(directory, agent);
  } catch (error) {
    add(agent, error);
    continue;
  }
  for (const served of servedAgents().slice(before))
    for (const problem of agentProblems(served)) add(agent, problem);
}
if (problems.length === 0) {
  try {
    computeTopology(contracts, { project: 'check' });
  } catch (error) {
    add(/agent "([^"]+)"/.exec(String(error))?.[1] ?? '', error);
  }
}
parentPort?.postMessage(problems);

function problemOf(agent: string, error: unknown): AgentProblem {
  // A contract that breaks a rule is the reason why its file does not load, and says more.
  const own = error instanceof Error && error.cause instanceof MeshError ? error.cause : error;
  if (!(own instanceof MeshError)) throw error;
  const { message, field, hint } = own;
  const code = own.code === 'DefinitionInvalid' ? own.code : 'ContractInvalid';
  return { agent, code, message, hint, ...(field !== undefined && { field }) };
}
