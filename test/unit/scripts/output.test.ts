import { expect, test } from 'vitest';
import { isPlain, toolEnvironment } from '../../../scripts/gate/output.ts';

test.each([
  ['on a terminal', {}, true, false],
  ['in a pipe', {}, false, true],
  ['in a pipe where colours are asked for', { FORCE_COLOR: '1' }, false, false],
  ['on a terminal where they are not wanted', { NO_COLOR: '1' }, true, true],
  ['in continuous integration', { CI: 'true' }, true, true],
  ['in continuous integration, whatever is asked for', { CI: 'true', FORCE_COLOR: '1' }, true, true],
  ['where CI is said to be false', { CI: 'false' }, true, false],
])('output %s', (_where, env, terminal, plain) => {
  expect(isPlain(env, terminal)).toBe(plain);
});

test('a tool writes plainly when the gate does', () => {
  expect(toolEnvironment({ HOME: 'h', FORCE_COLOR: '1' }, true)).toEqual({ HOME: 'h', NO_COLOR: '1' });
  expect(toolEnvironment({ HOME: 'h', FORCE_COLOR: '1' }, false)).toEqual({ HOME: 'h', FORCE_COLOR: '1' });
});
