import { parseAs } from '../../shared/contract/parse.ts';
import { computeTopology } from '../../shared/topology.ts';
import { readContracts } from '../contracts.ts';
import type { Io } from '../io.ts';
import { readJson } from '../messages/input.ts';
import { formatOf, type OutputOptions } from '../options.ts';
import { Printer } from '../output/printer.ts';
import { costText } from './cost-text.ts';
import { fleetOf } from './fleet.ts';
import { project } from './projection.ts';
import { Workload } from './workload.ts';

/** What `mesh cost` was asked for. */
export interface CostOptions extends OutputOptions {
  /** JSON, `@file` or `-`, as for the data of a message. */
  readonly workload?: string;
  readonly messages?: number;
  readonly steps?: number;
  readonly cpu: number;
  readonly memory: number;
  readonly minInstances: number;
  readonly agents?: string;
}

/**
 * Prints what a workload would cost in a month.
 *
 * @throws MeshError `ConfigurationInvalid` naming the field of the workload that is wrong
 */
export async function cost(io: Io, options: CostOptions): Promise<void> {
  const workload = await workloadOf(io, options);
  const topology = computeTopology(await readContracts(options.agents), { project: 'project' });
  const { cpu, memory, minInstances } = options;
  const fleet = fleetOf(topology, () => ({ cpu, memoryMiB: memory, minInstances }));
  const projection = project(workload, fleet);
  new Printer(io, formatOf(options)).item({ workload, fleet, ...projection }, (palette) =>
    costText(projection, palette),
  );
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
