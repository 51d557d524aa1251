import { formatOf, type OutputOptions, type TargetOptions, withOutput, withTarget } from '../options.ts';
import type { Registration } from '../registration.ts';

export function registerDiagnose({ program, io, setExitCode }: Registration): void {
  withTarget(withOutput(program.command('diagnose')))
    .description('check the machine, the contracts and the mesh; each finding comes with its remedy')
    .addHelpText(
      'after',
      `
Exits with 1 when a check fails; warnings do not count.

Examples:
  mesh diagnose
  mesh diagnose --json | jq '.[] | select(.result != "pass")'`,
    )
    .action(async (options: OutputOptions & TargetOptions) => {
      const { diagnose } = await import('../diagnose/diagnose.ts');
      setExitCode(await diagnose(io, formatOf(options), options));
    });
}
