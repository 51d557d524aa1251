import { formatOf, type OutputOptions, type TargetOptions, withOutput, withTarget } from '../options.ts';
import type { Registration } from '../registration.ts';

/** What `mesh workflows check` was asked for. */
export interface CheckOptions extends OutputOptions, TargetOptions {
  readonly runs?: boolean;
  readonly agents?: string;
}

export function registerWorkflows({ program, io, setExitCode }: Registration): void {
  const workflows = program.command('workflows').description('the code of workflows');
  withTarget(withOutput(workflows.command('check')))
    .description('replay recorded histories against the code, as a deploy would')
    .argument(
      '[files...]',
      "exported runs (default: the histories of the agents' folders, agents/*/histories/*.json)",
    )
    .option('--runs', 'the runs of the mesh that have not ended')
    .option('--agents <directory>', "the agents' folder (default: this checkout's)")
    .addHelpText(
      'after',
      `
Exits with 1 when the code does not match a history, naming the first command that differs.

Examples:
  mesh workflows check
  mesh workflows check --runs --project my-project
  mesh runs export order-1-0007 --to order.json && mesh workflows check order.json`,
    )
    .action(async (files: readonly string[], options: CheckOptions) => {
      const { check } = await import('../workflows/check.ts');
      setExitCode(await check(io, formatOf(options), options, files));
    });
}
