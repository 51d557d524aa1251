/** Which Node runs the project: the one that is running if it is new enough, else the one among the dependencies. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './error.mjs';

/** From this version on, Node runs TypeScript without a flag or a warning (`engines` in package.json). */
const NEEDED = { major: 24, minor: 12 };
const needed = `${NEEDED.major}.${NEEDED.minor}`;

/**
 * @param {string} root the checkout
 * @returns {string | undefined} its path, or undefined while it is not installed
 */
export function projectNode(root) {
  if (isEnough(process.versions.node)) return process.execPath;
  return ['node.exe', 'node'].map((name) => join(root, 'node_modules', 'node', 'bin', name)).find(existsSync);
}

/**
 * @param {string} root the checkout
 * @returns {string} the path of a Node that was seen to run
 * @throws {SetupError}
 */
export function workingNode(root) {
  const path = projectNode(root);
  if (path === process.execPath) return path;
  const instead = `Install Node.js ${needed} or later and run the command again.`;
  if (path === undefined) {
    throw new SetupError(
      `this is Node ${process.versions.node}, ${needed} is needed, and npm did not install it`,
      `Does npm skip install scripts here (npm config get ignore-scripts)? ${instead}`,
    );
  }
  const said = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (said.status === 0 && isEnough(said.stdout.trim().replace(/^v/, ''))) return path;
  const why = said.error?.message ?? (said.stderr.trim().split('\n')[0] || `it says ${said.stdout.trim()}`);
  throw new SetupError(`the Node ${needed} that npm installed does not run on this machine: ${why}`, instead);
}

/** @param {string} version such as 24.12.0 */
function isEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > NEEDED.major || (major === NEEDED.major && minor >= NEEDED.minor);
}
