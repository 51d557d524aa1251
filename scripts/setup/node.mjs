/** Which Node runs the project: the one that is running if it is new enough, else the one among the dependencies. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './error.mjs';

/**
 * @param {string} root the checkout
 * @returns {string | undefined} its path, or undefined while it is not installed
 */
export function projectNode(root) {
  if (isEnough(process.versions.node, neededVersion(root))) return process.execPath;
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
  const needed = neededVersion(root);
  const instead = `Install Node.js ${needed} or later and run the command again.`;
  if (path === undefined) {
    throw new SetupError(
      `this is Node ${process.versions.node}, ${needed} is needed, and npm did not install it`,
      `Does npm skip install scripts here (npm config get ignore-scripts)? ${instead}`,
    );
  }
  const said = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (said.status === 0 && isEnough(said.stdout.trim().replace(/^v/, ''), needed)) return path;
  const why = said.error?.message ?? (said.stderr.trim().split('\n')[0] || `it says ${said.stdout.trim()}`);
  throw new SetupError(`the Node ${needed} that npm installed does not run on this machine: ${why}`, instead);
}

/** From this version on, Node runs TypeScript without a flag or a warning: `engines` in package.json, such as 24.12. */
function neededVersion(root) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).engines.node.replace(/^>=/, '');
}

function isEnough(version, needed) {
  const [major, minor] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = needed.split('.').map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
