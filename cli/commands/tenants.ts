import { formatOf, type OutputOptions, withOutput, withTarget } from '../options.ts';
import type { Registration } from '../registration.ts';
import type { EraseOptions } from '../tenants/erase.ts';

export function registerTenants({ program, io }: Registration): void {
  const tenants = program.command('tenants').description('the tenants that payloads are encrypted for');
  withTarget(withOutput(tenants.command('erase')))
    .description('drop the key of a tenant: nobody can read its payloads any more, and its runs end')
    .argument('<tenant>', 'its name')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `
It can't be undone. Backups of Firestore still hold the wrapped key until they expire: where each tenant has a key of Cloud KMS, destroy
the versions of that one too.

Examples:
  mesh tenants erase acme
  mesh tenants erase acme --yes --project my-project`,
    )
    .action(async (tenant: string, options: EraseOptions & OutputOptions) => {
      const { erase } = await import('../tenants/erase.ts');
      await erase(io, formatOf(options), options, tenant);
    });
}
