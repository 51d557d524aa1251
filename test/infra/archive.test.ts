import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { tarGz } from '../../infra/archive.ts';

function folder(files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(tmpdir(), 'mesh-archive-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(made, name, '..'), { recursive: true });
    writeFileSync(join(made, name), content);
  }
  return made;
}

test('an archive is unpacked to what was packed, by any tar', () => {
  const files = { 'index.cjs': "require('./lib/agent.js')", 'lib/agent.js': 'x'.repeat(5_000), empty: '' };
  const place = folder({});
  writeFileSync(join(place, 'a.tar.gz'), tarGz(folder(files)));
  execFileSync('tar', ['-xzf', 'a.tar.gz'], { cwd: place });
  for (const [name, content] of Object.entries(files)) {
    expect(readFileSync(join(place, name), 'utf8'), name).toBe(content);
  }
});

test('the same files make the same archive, whenever they were written', () => {
  const [one, other] = [folder({ b: '2', a: '1' }), folder({ a: '1', b: '2' })];
  utimesSync(join(other, 'a'), 1, 1);
  expect(tarGz(one).equals(tarGz(other))).toBe(true);
  expect(tarGz(folder({ a: '1', b: '3' })).equals(tarGz(one))).toBe(false);
});
