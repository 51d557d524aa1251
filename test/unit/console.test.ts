import { expect, test } from 'vitest';
import { isAsShown, shownIn } from '../support/console.ts';

test('the commands of a document are found, each with what it prints', () => {
  const text = [
    '```sh',
    'start',
    '```',
    'Then:',
    '```console',
    '$ one 1',
    'a',
    '…',
    '$ two',
    '```',
    '```ts',
    '$ no',
  ];
  expect(shownIn(text.join('\n'))).toEqual([
    { command: 'start', output: [], line: 2 },
    { command: 'one 1', output: ['a', '…'], line: 6 },
    { command: 'two', output: [], line: 9 },
  ]);
});

test.each([
  ['a b', ['a b'], true],
  ['a    b\n', ['a b'], true],
  ['a x b', ['a … b'], true],
  ['a\nx\ny\nb', ['a', '…', 'b'], true],
  ['a\nb', ['a', '…', 'b'], true],
  ['a\nb', ['a'], false],
  ['a', ['a', 'b'], false],
  ['aXb', ['a.b'], false],
  ['x\na\nb\na\nc', ['…', 'a', 'c'], true],
])('%j is shown as %j: %s', (printed, output, as) => {
  expect(isAsShown(printed, output)).toBe(as);
});
