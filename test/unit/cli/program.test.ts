import { describe, expect, test } from 'vitest';
import { runProgram } from '../../../cli/program.ts';
import { capture } from './capture.ts';

/** Far from any project, so that no mesh that happens to run is found; `--project` names one that is not asked. */
async function mesh(...args: string[]) {
  const { io, written } = capture();
  const exitCode = await runProgram(args, io);
  return { exitCode, ...written };
}

describe('help', () => {
  test.each([
    ['--help'],
    ['up', '--help'],
    ['publish', '--help'],
    ['runs', 'list', '--help'],
    ['runs', 'show', '--help'],
    ['runs', 'signal', '--help'],
    ['runs', 'cancel', '--help'],
    ['runs', 'history', '--help'],
    ['runs', 'rerun', '--help'],
    ['runs', 'fork', '--help'],
    ['runs', 'export', '--help'],
    ['runs', 'purge', '--help'],
    ['workflows', 'check', '--help'],
    ['dead-letters', 'list', '--help'],
    ['dead-letters', 'show', '--help'],
    ['dead-letters', 'redrive', '--help'],
    ['dead-letters', 'purge', '--help'],
    ['agents', 'list', '--help'],
    ['topology', '--help'],
    ['canary', '--help'],
    ['cost', '--help'],
    ['deploy', 'plan', '--help'],
    ['deploy', 'diff', '--help'],
    ['emulator', 'start', '--help'],
    ['diagnose', '--help'],
    ['completion', '--help'],
  ])('mesh %s %s %s shows examples on stdout and exits with 0', async (...args) => {
    const { exitCode, stdout, stderr } = await mesh(...args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('Examples:');
  });

  test('the version is that of the package', async () => {
    const { default: manifest } = await import('../../../package.json', { with: { type: 'json' } });
    expect((await mesh('--version')).stdout).toBe(`${manifest.version}\n`);
  });
});

describe('a command line that is not understood', () => {
  test.each([
    ['an unknown command', ['ups'], /unknown command 'ups'/],
    ['an unknown option', ['up', '--bogus'], /unknown option '--bogus'/],
    ['a number that is none', ['up', '--orders', 'many'], /whole number of at least 1|whole number from 1/],
    ['a port out of range', ['up', '--port-pubsub', '99999'], /whole number from 0 to 65535/],
    ['an unknown format', ['agents', 'list', '-o', 'xml'], /Allowed choices are table, json, jsonl/],
    ['a missing argument', ['runs', 'show'], /missing required argument 'run'/],
    ['an unknown state', ['runs', 'list', '--status', 'odd'], /Allowed choices are running/],
    ['a time that is none', ['runs', 'purge', '--older-than', 'long'], /length of time/],
    ['a duration that is none', ['publish', 'a', 'b', '--timeout', 'soon'], /length of time/],
    ['an unknown server', ['emulator', 'start', '--only', 'pubsub,mysql'], /some of pubsub, firestore/],
    ['a port of no server', ['emulator', 'start', '--port', 'mysql=1'], /a server and its port/],
    ['an attribute without a value', ['publish', 'a', 'b', '-a', 'key'], /key=value/],
  ])(
    '%s: one clear line and a hint on stderr, nothing on stdout, exit code 2',
    async (_name, args, message) => {
      const { exitCode, stdout, stderr } = await mesh(...args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(message);
      expect(stderr.trim().split('\n')).toEqual([
        expect.stringMatching(/^error: /),
        expect.stringMatching(/^hint: {2}/),
      ]);
    },
  );

  test('no command at all shows the help and exits with 2', async () => {
    const { exitCode, stdout, stderr } = await mesh();
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('Usage: mesh');
  });

  test('in JSON mode the error is one JSON document', async () => {
    const { stderr } = await mesh('up', '--orders', '0', '--json');
    expect(JSON.parse(stderr)).toEqual({
      code: 'UsageInvalid',
      message: expect.stringContaining('--orders'),
      hint: 'See: mesh --help',
      docsUrl: 'docs/errors.md#usageinvalid',
    });
  });
});

describe('agents and topology', () => {
  test('lists the agents as data', async () => {
    const { exitCode, stdout } = await mesh('agents', 'list', '-o', 'jsonl');
    expect(exitCode).toBe(0);
    const agents = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string });
    expect(agents.map(({ name }) => name)).toContain('orders');
  });

  test('shows the topology of a project as one JSON document', async () => {
    const { stdout } = await mesh('topology', '--json', '--project', 'p', '--prefix', 'dev');
    expect(JSON.parse(stdout)).toMatchObject({
      project: 'p',
      prefix: 'dev',
      queue: expect.stringContaining('projects/p/'),
      schedules: expect.arrayContaining([
        expect.objectContaining({ agent: 'reports', schedule: 'daily-report', cron: '10 0 * * *' }),
      ]),
    });
  });

  test('shows the topology as tables', async () => {
    const { stdout } = await mesh('topology', '--project', 'p');
    expect(stdout).toMatch(/^SUBSCRIPTION +TOPIC +PUSHED TO/m);
    expect(stdout).toMatch(/^reports daily-report +10 0 \* \* \* +Etc\/UTC/m);
  });
});

test.each(['bash', 'zsh', 'fish'])('completes in %s what the commands are called', async (shell) => {
  const { exitCode, stdout } = await mesh('completion', shell);
  expect(exitCode).toBe(0);
  for (const word of ['up', 'dead-letters', 'redrive', '--seed']) expect(stdout).toContain(word);
});
