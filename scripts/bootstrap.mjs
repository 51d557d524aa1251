/**
 * `node scripts/bootstrap.mjs <program> [arguments]`: runs one of the project's programs on a machine that has no more
 * than Node 20 and npm. What is missing is installed first, once. The program gets the arguments, the streams and the
 * signals of this process, and ends it with its own exit code.
 */
import { launch } from './setup/launch.mjs';

const [program = 'cli/mesh.ts', ...args] = process.argv.slice(2);
await launch(program, args);
