/** Running one of the project's programs, after installing what is missing. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endLike, supervise } from './child.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { SetupError } from './error.mjs';
import { report } from './notice.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Off Google Cloud, google-auth-library looks for a metadata server in vain and warns of the network error it gets. */
const NODE_OPTIONS = [
  '--disable-warning=MetadataLookupWarning',
  `--import=${new URL('./lifeline.mjs', import.meta.url).href}`,
];

/**
 * Ends this process with the program's own exit code or signal; with 1 and what to do, when it could not be started.
 *
 * @param {string} program path from the checkout's root
 * @param {readonly string[]} args
 */
export async function launch(program, args) {
  try {
    const node = await ensureDependencies(root);
    const child = spawn(node, [...NODE_OPTIONS, join(root, program), ...args], {
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    });
    const { code, signal } = await supervise(child);
    endLike(code, signal);
  } catch (error) {
    const told = error.syscall
      ? new SetupError(error.message, 'Can this user write to the checkout?')
      : error;
    if (!(told instanceof SetupError)) throw error;
    if (told.signal !== null) return endLike(null, told.signal);
    report(told.message);
    report(told.hint);
    process.exitCode = 1;
  }
}
