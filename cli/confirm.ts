import { createInterface } from 'node:readline/promises';
import type { Writable } from 'node:stream';
import { MeshError } from '../shared/contract/errors.ts';
import type { Io } from './io.ts';

/**
 * Asks before something is done to many things at once. Without a terminal there is nobody to ask: then `--yes` has to say it.
 *
 * @param what as in `cancel 12 runs`
 * @throws MeshError `UsageInvalid` where nobody can be asked
 */
export async function confirm(io: Io, what: string, yes: boolean | undefined): Promise<boolean> {
  if (yes) return true;
  if (!io.stdin.isTTY || !io.stderr.isTTY) {
    throw new MeshError('UsageInvalid', `${what}: nobody is there to be asked`, {
      field: '--yes',
      hint: 'Give --yes to do it all the same, or --dry-run to see what would be done.',
    });
  }
  const asked = createInterface({ input: io.stdin, output: io.stderr as unknown as Writable });
  try {
    return /^y(es)?$/i.test((await asked.question(`${what}? [y/N] `)).trim());
  } finally {
    asked.close();
  }
}
