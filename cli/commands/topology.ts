import { formatOf, type OutputOptions, type TargetOptions, withOutput, withTarget } from '../options.ts';
import type { Registration } from '../registration.ts';

interface TopologyOptions extends OutputOptions, TargetOptions {
  readonly agents?: string;
}

export function registerTopology({ program, io }: Registration): void {
  withTarget(withOutput(program.command('topology')))
    .description('show the topics, subscriptions and grants that the contracts ask for')
    .option('--agents <directory>', "the agents' folder (default: this checkout's)")
    .addHelpText(
      'after',
      `
Examples:
  mesh topology
  mesh topology --json | jq '.grants[] | select(.agent == "payments")'`,
    )
    .action(async (options: TopologyOptions) => {
      const [{ Printer }, { readContracts }, { computeTopology }, { topologyText }, { findLocalMesh }] =
        await Promise.all([
          import('../output/printer.ts'),
          import('../contracts.ts'),
          import('../../shared/topology.ts'),
          import('../topology-text.ts'),
          import('../local/state-file.ts'),
        ]);
      const local = options.project === undefined ? findLocalMesh(io.cwd) : undefined;
      const topology = computeTopology(await readContracts(options.agents ?? local?.agents), {
        project: options.project ?? local?.project ?? (io.env.GOOGLE_CLOUD_PROJECT || 'demo-mesh'),
        prefix: options.prefix ?? local?.prefix ?? (io.env.MESH_PREFIX || 'mesh'),
      });
      const plain = {
        ...topology,
        // Contracts hold zod schemas, which are no JSON.
        functions: topology.functions.map(({ contract: _, ...rest }) => rest),
      };
      new Printer(io, formatOf(options)).item(plain, (palette) => topologyText(topology, palette));
    });
}
