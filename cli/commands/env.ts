import { type TargetOptions, withTarget } from '../options.ts';
import type { Registration } from '../registration.ts';

/** `mesh env`. */
export function registerEnv({ program, io }: Registration): void {
  withTarget(program.command('env'))
    .description("print the environment that points a program's client at the mesh")
    .addHelpText(
      'after',
      `
The lines are for a shell.

Examples:
  eval "$(mesh env)" && node my-program.ts`,
    )
    .action(async (options: TargetOptions) => {
      const { findTarget } = await import('../target.ts');
      const { project, prefix, local } = findTarget(io, options);
      const variables = { ...local?.env, GOOGLE_CLOUD_PROJECT: project, MESH_PREFIX: prefix };
      const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}\n`);
      io.stdout.write(lines.join(''));
    });
}

const quoted = (value: string) =>
  /^[\w.:/@-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
