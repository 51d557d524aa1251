/**
 * node_modules as package-lock.json says, or an error that tells what to do. Plain JavaScript for Node 20: this runs
 * before anything is installed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claim } from './claim.mjs';
import { projectNode, workingNode } from './node.mjs';
import { report } from './notice.mjs';
import { npmCi } from './npm.mjs';

/**
 * Installs what is missing, once however many processes ask at the same time. Quiet when nothing is.
 *
 * @param {string} root the checkout
 * @returns {Promise<string>} the Node to run the project with
 * @throws {import('./error.mjs').SetupError} when npm fails, or what it installed does not run here
 */
export async function ensureDependencies(root) {
  const ready = readyNode(root);
  if (ready !== undefined) return ready;
  const held = await claim(join(root, '.mesh', 'installing'), (pid) =>
    report(`waiting for another command to install the dependencies (process ${pid})`),
  );
  try {
    // Once more: the process that held the claim before may have done it.
    const installed = readyNode(root) ?? adopt(root);
    if (installed !== undefined) return installed;
    rmSync(stampFile(root), { force: true });
    await npmCi(root, (pid) => held.alsoHeldBy(pid));
    return stamp(root);
  } finally {
    held.release();
  }
}

/** The Node to use, when the stamp says that this very lock file was installed on this platform. */
function readyNode(root) {
  return readText(stampFile(root)) === fingerprint(root) ? projectNode(root) : undefined;
}

/** Takes over a tree that `npm ci` or `npm install` was run for by hand. */
function adopt(root) {
  return installedByNpm(root) && projectNode(root) !== undefined ? stamp(root) : undefined;
}

function stamp(root) {
  const node = workingNode(root);
  writeFileSync(stampFile(root), fingerprint(root));
  return node;
}

/** What the installed tree was made from. */
function fingerprint(root) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  return hash.update(`${process.platform} ${process.arch}`).digest('hex');
}

const stampFile = (root) => join(root, 'node_modules', '.agent-mesh');

/** Whether npm's own record of the tree, which it writes last of all, holds every package of the lock file. */
function installedByNpm(root) {
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  const wanted = readLock(join(root, 'package-lock.json'));
  if (installed === undefined || wanted === undefined) return false;
  return Object.entries(wanted).every(([path, want]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined) return want.optional === true || want.devOptional === true;
    return (
      found.version === want.version && found.integrity === want.integrity && existsSync(join(root, path))
    );
  });
}

/** The packages of a lock file; undefined when it is missing or was cut short. */
function readLock(file) {
  try {
    return JSON.parse(readText(file) ?? '{}').packages;
  } catch {
    return undefined;
  }
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}
