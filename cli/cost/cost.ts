import { parseAs } from '../../shared/contract/parse.ts';
import { computeTopology } from '../../shared/topology.ts';
import { readContracts } from '../contracts.ts';
import type { Io } from '../io.ts';
import { readJson } from '../messages/input.ts';
import { formatOf, type OutputOptions } from '../options.ts';
import { Printer } from '../output/printer.ts';
import { costText } from './cost-text.ts';
import { type Fleet, fleetOfGraph, fleetOfTopology } from './fleet.ts';
import { project } from './projection.ts';
import { Workload } from './workload.ts';

/** What `mesh cost` was asked for. */
export interface CostOptions extends OutputOptions {
  /** JSON, `@file` or `-`, as for the data of a message. */
  readonly workload?: string;
  readonly messages?: number;
  readonly steps?: number;
  /** Whose sizes are taken; left out: those that follow, for every agent. */
  readonly stack?: string;
  readonly cpu: number;
  readonly memory: number;
  readonly minInstances: number;
  readonly agents?: string;
}

/**
 * Prints what a workload would cost in a month.
 *
 * @throws MeshError `ConfigurationInvalid` naming the field of the workload that is wrong, `NotFound` for a stack without a file
 */
export async function cost(io: Io, options: CostOptions): Promise<void> {
  const workload = await workloadOf(io, options);
  const fleet = await fleetOf(options);
  const projection = project(workload, fleet);
  new Printer(io, formatOf(options)).item({ workload, fleet, ...projection }, (palette) =>
    costText(projection, palette),
  );
}

async function fleetOf({ stack, agents, cpu, memory, minInstances }: CostOptions): Promise<Fleet> {
  if (stack !== undefined) {
    const { stackGraph } = await import('../deploy/stack-graph.ts');
    return fleetOfGraph((await stackGraph({ stack, unbuilt: true })).graph);
  }
  const topology = computeTopology(await readContracts(agents), { project: 'project' });
  return fleetOfTopology(topology, { cpu, memoryMiB: memory, minInstances });
}

/** The described workload, with what the command line says in its place; one message a second where nothing is said. */
async function workloadOf(io: Io, { workload, messages, steps }: CostOptions): Promise<Workload> {
  const given = workload === undefined ? {} : await readJson(workload, io);
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const described = isObject && {
    messagesPerSecond: 1,
    ...given,
    ...(messages !== undefined && { messagesPerSecond: messages }),
    ...(steps !== undefined && { stepsPerRun: steps }),
  };
  return parseAs(Workload, described || given, 'ConfigurationInvalid', 'the workload');
}
