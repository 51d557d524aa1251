import type { CanaryOptions } from '../canary/canary.ts';
import { timeoutOption, withOutput, withTarget } from '../options.ts';
import type { Registration } from '../registration.ts';

export function registerCanary({ program, io }: Registration): void {
  withTarget(withOutput(program.command('canary')))
    .description('send each agent a message that does nothing, and wait until it has been handled')
    .argument('[agents...]', 'their names (default: all)')
    .addOption(timeoutOption('the longest to wait', '60s'))
    .addHelpText(
      'after',
      `
A canary that arrives proves the push, its identity and the database; one that an agent passes on to those that it calls proves that
it may publish to them. Exits with 9 when one has not arrived in time.

Examples:
  mesh canary
  mesh canary orders payments --project my-project --timeout 2m
  mesh canary --json | jq '.[] | select(.result == "lost")'`,
    )
    .action(async (agents: readonly string[], options: CanaryOptions) => {
      const { canary } = await import('../canary/canary.ts');
      await canary(io, options, agents);
    });
}
