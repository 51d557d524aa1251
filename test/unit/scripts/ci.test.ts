import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'agent-mesh-ci-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

mkdirSync(join(folder, '.ci'));
cpSync(fileURLToPath(new URL('../../../.ci/run', import.meta.url)), join(folder, '.ci', 'run'));
mkdirSync(join(folder, 'bin'));
// An npm that prints and ends as the environment tells it: `npm run test`, then `npm run test:long`.
const npm = `#!/bin/sh
case "$2" in
  test) printf "$GATE_SAYS"; exit "$GATE_CODE" ;;
  test:long) printf "$LONG_SAYS"; exit "$LONG_CODE" ;;
esac
exit 99
`;
writeFileSync(join(folder, 'bin', 'npm'), npm);
chmodSync(join(folder, 'bin', 'npm'), 0o755);

function run(gate: readonly [says: string, code: number], long: readonly [says: string, code: number]) {
  const { stdout, status } = spawnSync('bash', [join(folder, '.ci', 'run')], {
    encoding: 'utf8',
    env: {
      PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
      GATE_SAYS: gate[0],
      GATE_CODE: `${gate[1]}`,
      LONG_SAYS: long[0],
      LONG_CODE: `${long[1]}`,
    },
  });
  return {
    lines: stdout
      .trimEnd()
      .split('\n')
      .filter((line) => line !== ''),
    status,
  };
}

describe('.ci/run', () => {
  test('shows both parts, and sums their last lines', () => {
    const { lines, status } = run(
      ['gate\n12 passed, 0 failed\n', 0],
      ['long\n3 passed, 0 failed, 2 skipped\n', 0],
    );
    expect(lines).toEqual([
      ...['gate', '12 passed, 0 failed', 'long', '3 passed, 0 failed, 2 skipped'],
      '15 passed, 0 failed, 2 skipped',
    ]);
    expect(status).toBe(0);
  });

  test('runs the long tests though the gate failed, and fails', () => {
    const { lines, status } = run(['11 passed, 1 failed\n', 1], ['3 passed, 0 failed\n', 0]);
    expect(lines.at(-1)).toBe('14 passed, 1 failed');
    expect(status).toBe(1);
  });

  test('counts a part that ended without its line as a failure', () => {
    for (const code of [0, 137]) {
      const { lines, status } = run(['12 passed, 0 failed\n', 0], ['Killed', code]);
      expect(lines.at(-1)).toBe('12 passed, 1 failed');
      expect(status).toBe(1);
    }
  });

  test('counts a part that says that nothing failed, and ends as if something did', () => {
    const { lines, status } = run(['12 passed, 0 failed\n', 0], ['3 passed, 0 failed\n', 7]);
    expect(lines.at(-1)).toBe('15 passed, 1 failed');
    expect(status).toBe(1);
  });
});
