import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentLogs, entryOf } from '../../../cli/local/agent-logs.ts';
import { startChaos } from '../../../cli/local/chaos.ts';
import { readLocalSecrets } from '../../../cli/local/local-secrets.ts';
import { findLocalMesh, removeState, writeState } from '../../../cli/local/state-file.ts';
import { findTarget } from '../../../cli/target.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';
import { capture } from './capture.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const state = (pid: number) => ({
  pid,
  startedAt: '2026-01-01T00:00:00Z',
  project: 'demo',
  prefix: 'dev',
  env: { PUBSUB_EMULATOR_HOST: '127.0.0.1:1' },
  addresses: {},
  logs: '/logs',
  agents: '/agents',
});
/** Above the range that Linux, macOS and Windows give out. */
const DEAD = 2 ** 30;

describe('the state of the local mesh', () => {
  test('is found from any folder below, and gone when it was removed', () => {
    writeState(folder, state(process.pid));
    const below = join(folder, 'a', 'b');
    mkdirSync(below, { recursive: true });
    expect(findLocalMesh(below)).toEqual(state(process.pid));
    expect(readdirSync(join(folder, '.mesh'))).toEqual(['local.json']);
    removeState(folder, process.pid);
    expect(readdirSync(join(folder, '.mesh'))).toEqual([]);
  });

  test('that a dead process left is passed over', () => {
    writeState(folder, state(DEAD));
    const below = join(folder, 'below');
    mkdirSync(below);
    expect(findLocalMesh(below)?.pid).not.toBe(DEAD);
  });

  test('that is damaged is passed over', () => {
    mkdirSync(join(folder, '.mesh'));
    writeFileSync(join(folder, '.mesh', 'local.json'), '{"pid":');
    expect(() => findLocalMesh(folder)).not.toThrow();
  });

  test("is not removed by another mesh's end", () => {
    writeState(folder, state(process.pid));
    removeState(folder, DEAD);
    expect(findLocalMesh(folder)?.pid).toBe(process.pid);
  });
});

describe('the mesh that a command is about', () => {
  test('is the one that runs here, though the environment names a project', () => {
    writeState(folder, state(process.pid));
    const { io } = capture({ cwd: folder, env: { GOOGLE_CLOUD_PROJECT: 'cloud' } });
    expect(findTarget(io, {})).toMatchObject({
      project: 'demo',
      prefix: 'dev',
      env: { PUBSUB_EMULATOR_HOST: '127.0.0.1:1' },
    });
  });

  test('is the project that is named, and then nothing points at the local cloud', () => {
    writeState(folder, state(process.pid));
    const { io } = capture({ cwd: folder });
    const target = findTarget(io, { project: 'prod-1', prefix: 'live' });
    expect(target).toMatchObject({ project: 'prod-1', prefix: 'live', local: undefined });
    expect(target.env.PUBSUB_EMULATOR_HOST).toBeUndefined();
  });
});

describe('secrets of this machine', () => {
  test('come from .mesh/secrets.json; without it there are none', () => {
    expect(readLocalSecrets(folder)).toEqual({});
    mkdirSync(join(folder, '.mesh'));
    writeFileSync(join(folder, '.mesh', 'secrets.json'), '{"api-key":"k"}');
    expect(readLocalSecrets(folder)).toEqual({ 'api-key': 'k' });
  });

  test.each(['{"api-key":', '{"api-key":7}'])('%s is refused, and no value shown', (text) => {
    mkdirSync(join(folder, '.mesh'));
    writeFileSync(join(folder, '.mesh', 'secrets.json'), text);
    expect(() => readLocalSecrets(folder)).toThrow(
      expect.objectContaining({ code: 'ConfigurationInvalid', message: expect.not.stringContaining('key') }),
    );
  });
});

describe("the agents' logs", () => {
  test.each([
    ['stdout', '{"severity":"ERROR","message":"broken"}', 'ERROR', 'broken'],
    [
      'stdout',
      '{"severity":"ERROR","message":"x\\n  at y","metadata":{"code":"NotJson"}}',
      'ERROR',
      'x (NotJson)',
    ],
    ['stdout', '{"severity":"NOTICE","message":"so"}', 'INFO', 'so'],
    ['stdout', 'plain', 'INFO', 'plain'],
    ['stderr', 'Error: at the start', 'WARNING', 'Error: at the start'],
    ['run', 'instance 1: ended by SIGKILL', 'WARNING', 'instance 1: ended by SIGKILL'],
    ['run', 'instance 1: ended with exit code 0', 'INFO', 'instance 1: ended with exit code 0'],
  ] as const)('%s %s is %s', (stream, text, severity, message) => {
    expect(entryOf('a', stream, text)).toEqual({ agent: 'a', severity, message });
  });

  test('all go to the file of their agent, and what is serious is shown', async () => {
    const shown: string[] = [];
    const logs = new AgentLogs(join(folder, 'logs'), ({ message }) => shown.push(message));
    logs.write({ service: 'orders', stream: 'stdout', text: '{"severity":"INFO","message":"fine"}' });
    logs.write({ service: 'orders', stream: 'stdout', text: '{"severity":"ERROR","message":"not fine"}' });
    await logs.close();
    expect(shown).toEqual(['not fine']);
    expect(readdirSync(join(folder, 'logs'))).toEqual(['orders.log']);
  });
});

test('chaos kills the same services at the same times for the same seed, until it is stopped', async () => {
  const killsOf = async (seed: number) => {
    const clock = new ManualClock();
    const kills: string[] = [];
    const kill = (service: string) => kills.push(`${clock.now()} ${service}`) && 1;
    const chaos = startChaos({ clock, seed, services: ['a', 'b', 'c'], kill });
    await clock.advance(20_000);
    const count = chaos.stop();
    await clock.advance(20_000);
    expect(kills).toHaveLength(count);
    return kills;
  };
  const kills = await killsOf(7);
  expect(kills.length).toBeGreaterThan(8);
  expect(await killsOf(7)).toEqual(kills);
  expect(await killsOf(8)).not.toEqual(kills);
});
