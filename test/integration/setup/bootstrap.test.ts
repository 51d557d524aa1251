import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Checkout } from './checkout.ts';

const HELLO = `console.log(JSON.stringify(process.argv.slice(2)));`;

let checkout: Checkout;

beforeEach(() => {
  checkout = new Checkout();
});

afterEach(() => checkout.remove());

describe('on a fresh clone a command', () => {
  test('installs first, and keeps stdout to itself', async () => {
    const command = checkout.run(HELLO, 'install', ['--json', 'two words']);
    expect(await command.ended).toEqual({ code: 0, signal: null });
    expect(command.stdout).toBe('["--json","two words"]\n');
    expect(command.stderr).toMatch(
      /^agent-mesh: installing dependencies .*\nagent-mesh: dependencies installed in \d+ s\n$/,
    );
  });

  test('waits for another that installs already, and does not install again', async () => {
    const first = checkout.run(HELLO, 'wait');
    await checkout.npmStarted();
    const second = checkout.run(HELLO, 'wait');
    await second.says('waiting for another command to install the dependencies');
    checkout.write('go', '');
    expect(await first.ended).toEqual({ code: 0, signal: null });
    expect(await second.ended).toEqual({ code: 0, signal: null });
    expect(checkout.installs).toBe(1);
  });

  test('installs once, though eight start at the same time', async () => {
    const commands = Array.from({ length: 8 }, () => checkout.run(HELLO));
    for (const command of commands) expect(await command.ended).toEqual({ code: 0, signal: null });
    expect(checkout.installs).toBe(1);
  });

  test('says what to do when npm fails, in two lines', async () => {
    const command = checkout.run(HELLO, 'fail');
    expect(await command.ended).toEqual({ code: 1, signal: null });
    expect(command.stdout).toBe('');
    expect(command.stderr.split('\n').slice(1, 3)).toEqual([
      'agent-mesh: npm ci failed with exit code 1: network request to the registry failed',
      expect.stringContaining('Is the network up'),
    ]);
  });
});

describe('on an installed tree a command', () => {
  beforeEach(async () => {
    await checkout.run(HELLO).ended;
  });

  test('ends with the launcher, however that ended', async () => {
    const command = checkout.run(`setInterval(() => {}, 1000); console.log('ready');`);
    await command.says('ready');
    command.child.kill('SIGKILL');
    // The program holds the output open for as long as it lives.
    expect(await command.ended).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('keeps the pipe to its launcher when a thread of it has ended', async () => {
    const program = `
      import { once } from 'node:events';
      import { fstatSync } from 'node:fs';
      import { Worker } from 'node:worker_threads';
      const pipe = fstatSync(3).ino;
      await once(new Worker(new URL('data:text/javascript,0')), 'exit');
      console.log(fstatSync(3).ino === pipe ? 'the same pipe' : 'another file');
    `;
    const command = checkout.run(program);
    await command.says('the same pipe');
    expect(await command.ended).toEqual({ code: 0, signal: null });
  });

  test('is quiet and installs nothing', async () => {
    const command = checkout.run(HELLO);
    await command.ended;
    expect([command.stderr, checkout.installs]).toEqual(['', 1]);
  });

  test('installs anew when the lock file has changed', async () => {
    checkout.lock('2.0.0');
    await checkout.run(HELLO).ended;
    await checkout.run(HELLO).ended;
    expect(checkout.installs).toBe(2);
  });

  test('takes over what was installed by hand for the lock file', async () => {
    checkout.lock('2.0.0');
    checkout.write(
      'node_modules/.package-lock.json',
      `{"packages":{"node_modules/dependency":{"version":"2.0.0"}}}`,
    );
    const command = checkout.run(HELLO);
    await command.ended;
    expect([command.stderr, checkout.installs]).toEqual(['', 1]);
  });

  test('repairs a tree that lost its stamp and a package', async () => {
    rmSync(join(checkout.root, 'node_modules/.agent-mesh'));
    rmSync(join(checkout.root, 'node_modules/dependency'), { recursive: true });
    await checkout.run(HELLO).ended;
    expect(checkout.installs).toBe(2);
    expect(checkout.has('node_modules/dependency')).toBe(true);
  });
});

describe('an install that is interrupted', () => {
  test('ends npm with it, and is done over by the next command', async () => {
    const interrupted = checkout.run(HELLO, 'wait');
    await checkout.npmStarted();
    interrupted.child.kill('SIGINT');
    expect(await interrupted.ended).toEqual({ code: null, signal: 'SIGINT' });
    const next = checkout.run(HELLO);
    expect(await next.ended).toEqual({ code: 0, signal: null });
    expect(checkout.installs).toBe(2);
  });

  test('is waited for while its npm lives on', async () => {
    const killed = checkout.run(HELLO, 'wait');
    await checkout.npmStarted();
    killed.child.kill('SIGKILL');
    const next = checkout.run(HELLO);
    await next.says('waiting for another command');
    checkout.write('go', '');
    expect(await next.ended).toEqual({ code: 0, signal: null });
    expect(checkout.installs).toBe(1);
  });
});

describe('the program', () => {
  test('ends the command with its exit code', async () => {
    expect(await checkout.run('process.exitCode = 7;').ended).toEqual({ code: 7, signal: null });
  });

  test('gets the signals that the command gets', async () => {
    const command = checkout.run(`
      process.once('SIGTERM', () => process.exit(9));
      setInterval(() => {}, 1000);
      console.log('ready');
    `);
    await command.says('ready');
    command.child.kill('SIGTERM');
    expect(await command.ended).toEqual({ code: 9, signal: null });
  });

  test('ends the command by the signal that ended it', async () => {
    expect(await checkout.run(`process.kill(process.pid, 'SIGKILL');`).ended).toEqual({
      code: null,
      signal: 'SIGKILL',
    });
  });

  test('reads what the command is given on stdin', async () => {
    const command = checkout.run('process.stdin.pipe(process.stdout);');
    command.child.stdin?.end('order');
    await command.ended;
    expect(command.stdout).toBe('order');
  });
});
