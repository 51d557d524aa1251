import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MeshError } from '../../shared/contract/errors.ts';
import { CHECKOUT } from './stack-graph.ts';

const run = promisify(execFile);

/**
 * Writes a git revision of this checkout to a folder of its own, and hands that to `use`. The checkout itself, and its index, stay as they
 * are. The packages are those that are installed.
 *
 * @throws MeshError `NotFound` for a revision that there is not, or that has no stacks
 */
export async function atRevision<Result>(
  revision: string,
  use: (root: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-revision-'));
  const git = (...args: readonly string[]) =>
    run('git', [...args], { cwd: CHECKOUT, env: { ...process.env, GIT_INDEX_FILE: join(folder, '.index') } });
  try {
    // A revision may not be taken for an option.
    await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`).catch(
      (cause) => {
        throw new MeshError('NotFound', `there is no revision ${JSON.stringify(revision)}`, {
          field: 'revision',
          hint: 'Name a commit, branch or tag of this repository: git log --oneline',
          cause,
        });
      },
    );
    await git('read-tree', '--end-of-options', revision);
    await git('checkout-index', '--all', `--prefix=${folder}/`);
    symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'), 'junction');
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
