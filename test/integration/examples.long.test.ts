import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { findLocalMesh } from '../../cli/local/state-file.ts';
import { isAsShown, type Shown, shownIn } from '../support/console.ts';
import { eventually } from '../support/eventually.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const README = join(checkout, 'examples', 'README.md');
/** What only looks may have to look again: the mesh is at work meanwhile. */
const LOOKS = /^\.\/bin\/mesh (?:\w[\w-]* )?(?:show|list)\b/;

/** A checkout of its own as far as the commands see: the real one is seldom without a mesh that somebody runs. */
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mesh-examples-')));
writeFileSync(join(folder, 'package.json'), '{}');
for (const name of ['bin', 'examples']) symlinkSync(join(checkout, name), join(folder, name));
let mesh: { readonly child: ChildProcess; readonly ended: Promise<string> } | undefined;

function start(command: string) {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  // `exec`: a signal is for the program and not for its shell.
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr)]).then((printed) => printed.join(''));
  return { child, ended };
}

async function stop(): Promise<void> {
  if (!mesh) return;
  const { child, ended } = mesh;
  mesh = undefined;
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
  await ended;
}

async function up(command: string): Promise<void> {
  await stop();
  mesh = start(command);
  const failed = mesh.ended.then((printed) => Promise.reject(new Error(printed)));
  failed.catch(() => {});
  const own = () => expect(findLocalMesh(folder)?.logs).toMatch(folder);
  await Promise.race([eventually(own), failed]);
  // Some calls have seconds: the agents that they are made of are started before.
  await start('./bin/mesh canary --timeout 4m').ended;
}

async function prints({ command, output }: Shown): Promise<void> {
  const once = async () => {
    const printed = await start(command).ended;
    if (!isAsShown(printed, output)) expect(printed).toBe(output.join('\n'));
  };
  await (LOOKS.test(command) ? eventually(once) : once());
}

describe('the commands of examples/README.md do what they are shown to do', () => {
  afterAll(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(shownIn(readFileSync(README, 'utf8')))('$command', async (shown) => {
    await (/^\.\/bin\/mesh up\b/.test(shown.command) ? up(shown.command) : prints(shown));
  });
});
