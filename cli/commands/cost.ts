import type { CostOptions } from '../cost/cost.ts';
import { number, wholeNumber, withOutput } from '../options.ts';
import type { Registration } from '../registration.ts';

export function registerCost({ program, io }: Registration): void {
  withOutput(program.command('cost'))
    .description('project what a workload costs in a month, by line item')
    .argument('[workload]', 'its description as JSON, as a file (@workload.json), or on stdin (-)')
    .option('--messages <rate>', 'messages a second from outside (default: 1)', number(0))
    .option('--steps <count>', 'calls in the run that each begins (default: 5)', wholeNumber(0, 100_000))
    .option('--stack <name>', 'take the sizes of the functions of Pulumi.<name>.yaml')
    .option('--cpu <vcpus>', 'vCPUs of an instance', number(0.08, 8), 1)
    .option('--memory <MiB>', 'memory of an instance', wholeNumber(128, 32_768), 512)
    .option('--min-instances <count>', 'instances of each agent that are kept warm', wholeNumber(0, 1_000), 0)
    .option('--agents <directory>', "the agents' folder (default: this checkout's)")
    .addHelpText(
      'after',
      `
The fields of a workload: messagesPerSecond, stepsPerRun, timersPerRun, effectShare (0 to 1), documentsPerStep,
payloadBytes, cpuMs, waitMs, logBytesPerMessage, runsKeptDays, instanceStarts. The messages are taken to be spread
evenly over the agents and the month. docs/cost.md says how each line is counted.

Examples:
  mesh cost --messages 10 --steps 6
  mesh cost --stack prod --messages 10
  mesh cost @workload.json --json | jq '.items[] | select(.usd > 1)'
  mesh cost --messages 0 --min-instances 1`,
    )
    .action(async (workload: string | undefined, options: Omit<CostOptions, 'workload'>) => {
      const { cost } = await import('../cost/cost.ts');
      await cost(io, { ...options, ...(workload !== undefined && { workload }) });
    });
}
