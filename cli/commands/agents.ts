import { formatOf, type OutputOptions, withOutput } from '../options.ts';
import type { Registration } from '../registration.ts';

export function registerAgents({ program, io }: Registration): void {
  const agents = program.command('agents').description('the agents of this mesh');
  withOutput(agents.command('list'))
    .description('list the agents and the messages that they take')
    .addHelpText(
      'after',
      `
Examples:
  mesh agents list
  mesh agents list -o jsonl | jq -r .name`,
    )
    .action(async (options: OutputOptions) => {
      const [{ Printer }, { readContracts }, { summaryOf }, { findLocalMesh }] = await Promise.all([
        import('../output/printer.ts'),
        import('../contracts.ts'),
        import('../agent-summary.ts'),
        import('../local/state-file.ts'),
      ]);
      const summaries = (await readContracts(findLocalMesh(io.cwd)?.agents)).map(summaryOf);
      new Printer(io, formatOf(options)).rows(
        summaries,
        [
          { title: 'AGENT', value: ({ name }, { bold }) => bold(name) },
          { title: 'COMMANDS', value: ({ commands }) => commands.join(', ') || '-' },
          { title: 'WORKFLOWS', value: ({ workflows }) => workflows.join(', ') || '-' },
          { title: 'SUBSCRIBES', value: ({ subscribes }) => subscribes.join(', ') || '-' },
          { title: 'PUBLISHES', value: ({ publishes }) => publishes.join(', ') || '-' },
        ],
        'There are no agents.',
      );
    });
}
