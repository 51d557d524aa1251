/** npm, run for the set-up. */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { supervise } from './child.mjs';
import { SetupError } from './error.mjs';
import { ticker } from './notice.mjs';

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

/**
 * Runs `npm ci` in `root`, and keeps what it writes off the terminal.
 *
 * @param {string} root the checkout
 * @param {(pid: number) => void} onStart told npm's process id
 * @throws {SetupError} when it fails, with the reason that it gave
 */
export async function npmCi(root, onStart) {
  const done = ticker('installing dependencies (about half a minute, once)');
  const windows = process.platform === 'win32';
  const npm = spawn('npm', NPM_CI, { cwd: root, env: npmEnvironment(root), shell: windows, stdio: 'pipe' });
  npm.stdin.end();
  if (npm.pid !== undefined) onStart(npm.pid);
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
    told.filter((line) => line !== log && !/^(code|syscall|errno|path|dest|type) /.test(line))[0] ??
    lines.at(-1) ??
    'it said nothing';
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
