import { formatOf, type OutputOptions, type TargetOptions, withOutput, withTarget } from '../options.ts';
import type { Registration } from '../registration.ts';

export interface DiagnoseOptions extends TargetOptions {
  readonly agents?: string;
}

export function registerDiagnose({ program, io, setExitCode }: Registration): void {
  withTarget(withOutput(program.command('diagnose')))
    .description("check the machine, the agents' code and the mesh; each finding comes with its remedy")
    .option(
      '--agents <directory>',
      "the agents' folder (default: that of the mesh that runs here, else this checkout's)",
    )
    .addHelpText(
      'after',
      `
Exits with 1 when a check fails; warnings do not count.

Examples:
  mesh diagnose
  mesh diagnose --json | jq '.[] | select(.result != "pass")'`,
    )
    .action(async (options: OutputOptions & DiagnoseOptions) => {
      const { diagnose } = await import('../diagnose/diagnose.ts');
      setExitCode(await diagnose(io, formatOf(options), options));
    });
}
