import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { confirm } from '../../../cli/confirm.ts';
import { capture } from './capture.ts';

function terminal(answer: string) {
  const { io } = capture();
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  stdin.end(`${answer}\n`);
  const asked: string[] = [];
  const screen = Object.assign(new PassThrough(), { isTTY: true });
  screen.on('data', (text) => asked.push(String(text)));
  return { io: { ...io, stdin, stderr: screen }, asked };
}

test.each([
  ['y', true],
  ['Yes', true],
  ['n', false],
  ['', false],
  ['yesterday', false],
])('on a terminal it asks, and takes %j for %s', async (answer, expected) => {
  const { io, asked } = terminal(answer);
  expect(await confirm(io, 'delete 3 runs', undefined)).toBe(expected);
  expect(asked.join('')).toContain('delete 3 runs? [y/N]');
});

test('without a terminal it takes --yes for an answer, and nothing else', async () => {
  const { io } = capture();
  expect(await confirm(io, 'delete 3 runs', true)).toBe(true);
  await expect(confirm(io, 'delete 3 runs', undefined)).rejects.toMatchObject({
    ...{ code: 'UsageInvalid', field: '--yes' },
    message: expect.stringContaining('delete 3 runs'),
  });
});
