import type { DiffOptions } from '../deploy/diff.ts';
import type { PlanOptions } from '../deploy/plan.ts';
import { withOutput } from '../options.ts';
import type { Registration } from '../registration.ts';

export function registerDeploy({ program, io, setExitCode }: Registration): void {
  const deploy = program.command('deploy').description('what pulumi up would deploy, without the cloud');
  withOutput(deploy.command('plan'))
    .description('show the resources of a stack')
    .requiredOption('--stack <name>', 'the stack of Pulumi.<name>.yaml')
    .addHelpText(
      'after',
      `
Runs the stack's own program against an engine that makes nothing: neither an account nor the pulumi command is needed. With
--json every argument is told. Exits with 1 where a rule is broken, such as that nothing is open to everybody.

Examples:
  mesh deploy plan --stack prod
  mesh deploy plan --stack prod --json | jq '.resources[] | select(.type | endswith(":Function")) | .inputs'`,
    )
    .action(async (options: PlanOptions) => {
      const { plan } = await import('../deploy/plan.ts');
      if (!(await plan(io, options))) setExitCode(1);
    });
  withOutput(deploy.command('diff'))
    .description('show what differs between two stacks, or between two revisions of one')
    .argument('<stack>', 'a stack')
    .argument('[other]', 'another one')
    .option('--from <revision>', 'a git revision to compare the stack with')
    .option('--to <revision>', 'the git revision to compare it to (default: the files as they are)')
    .addHelpText(
      'after',
      `
Between revisions bundles are left out: they are built of one only.

Examples:
  mesh deploy diff staging prod
  mesh deploy diff prod --from HEAD~1
  mesh deploy diff prod --from v1.2.0 --to main --json`,
    )
    .action(async (stack: string, other: string | undefined, options: Omit<DiffOptions, 'stacks'>) => {
      const { diff } = await import('../deploy/diff.ts');
      await diff(io, { ...options, stacks: other === undefined ? [stack] : [stack, other] });
    });
}
