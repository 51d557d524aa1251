/**
 * node_modules as package-lock.json says, or an error that tells what to do. Plain JavaScript for Node 20: this runs
 * before anything is installed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { supervise } from './child.mjs';
import { claim } from './claim.mjs';
import { SetupError } from './error.mjs';
import { projectNode, workingNode } from './node.mjs';
import { report, ticker } from './notice.mjs';

/**
 * Installs what is missing, once however many processes ask at the same time. Quiet when nothing is.
 *
 * @param {string} root the checkout
 * @returns {Promise<string>} the Node to run the project with
 * @throws {SetupError} when npm fails, or what it installed does not run here
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
    await install(root, held);
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

async function install(root, held) {
  rmSync(stampFile(root), { force: true });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  const done = ticker('installing the dependencies with npm ci; about half a minute, this once');
  const windows = process.platform === 'win32';
  const npm = spawn('npm', NPM_CI, { cwd: root, env: npmEnvironment(root), shell: windows, stdio: 'pipe' });
  npm.stdin.end();
  if (npm.pid !== undefined) held.alsoHeldBy(npm.pid);
  let said = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  const ended = await supervise(npm).catch((error) => {
    done(false);
    throw new SetupError(
      `npm could not be started: ${error.message}`,
      'npm comes with Node.js: install it from https://nodejs.org and run the command again.',
    );
  });
  done(ended.code === 0);
  if (ended.interrupted !== null) throw new SetupError('interrupted', '', ended.interrupted);
  if (ended.code !== 0) throw npmFailed(ended, said);
}

const NPM_CI = [
  'ci',
  '--include=dev',
  '--include=optional',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--no-update-notifier',
  // The Node that runs npm need not be the one that runs the project.
  '--no-engine-strict',
  '--loglevel=error',
];

/** As this process's, but for what npm told its own script, and for the Node that is about to be installed afresh. */
function npmEnvironment(root) {
  const bin = join(root, 'node_modules', '.bin');
  const env = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (/^npm_(lifecycle|package|command|execpath|node_execpath|config_local_prefix)/i.test(name)) continue;
    env[name] = /^path$/i.test(name)
      ? value
          .split(delimiter)
          .filter((directory) => directory !== bin)
          .join(delimiter)
      : value;
  }
  return env;
}

function npmFailed({ code, signal }, said) {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const told = lines
    .filter((line) => /^npm (error|ERR!)/.test(line))
    .map((line) => line.replace(/^npm \S+ ?/, ''));
  const how = signal ? `was ended by ${signal}` : `failed with exit code ${code}`;
  const log = told.find((line) => line.includes('_logs'));
  const reason =
    told.filter((line) => line !== log && !/^code /.test(line))[0] ?? lines.at(-1) ?? 'it said nothing';
  return new SetupError(`npm ci ${how}: ${reason}`, hintFor(said) + (log ? ` ${log.trim()}` : ''));
}

function hintFor(said) {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network/i.test(said))
    return 'Is the network up, and npm able to reach its registry (npm ping)? Then run the command again.';
  if (/ENOSPC/.test(said)) return 'The disk is full: about 600 MB are needed.';
  if (/EACCES|EPERM|EROFS/.test(said))
    return 'This user must be able to write to the checkout and to the npm cache.';
  if (/EUSAGE|in sync/.test(said)) return 'package.json and package-lock.json disagree: run npm install.';
  return 'Run npm ci to see all that it says.';
}

/** What the installed tree was made from. */
function fingerprint(root) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  return hash.update(`${process.platform} ${process.arch}`).digest('hex');
}

const stampFile = (root) => join(root, 'node_modules', '.agent-mesh');

/** Whether npm's own record of the tree, which it writes last of all, holds every package of the lock file. */
function installedByNpm(root) {
  const record = readText(join(root, 'node_modules', '.package-lock.json'));
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, want]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined) return want.optional === true || want.devOptional === true;
    return (
      found.version === want.version && found.integrity === want.integrity && existsSync(join(root, path))
    );
  });
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}
