import { expect, test } from 'vitest';
import { importsOf } from './imports.ts';

const kinds = (source: string) => importsOf(source).map(({ specifier, kind }) => [specifier, kind]);

test('imports and re-exports load what they name', () => {
  expect(kinds(`import a, { b } from 'one'; import * as c from "two"; import 'three';`)).toEqual([
    ['one', 'value'],
    ['two', 'value'],
    ['three', 'value'],
  ]);
  expect(kinds(`export * from './a.ts'; export * as b from './b.ts'; export { c } from './c.ts';`)).toEqual([
    ['./a.ts', 'value'],
    ['./b.ts', 'value'],
    ['./c.ts', 'value'],
  ]);
});

test('imports for types alone load nothing', () => {
  expect(
    kinds(
      `import type { A } from 'a'; export type { B } from 'b'; export type * from 'c'; let d: import('d').D; let e: typeof import('e');`,
    ),
  ).toEqual([
    ['a', 'type'],
    ['b', 'type'],
    ['c', 'type'],
    ['d', 'type'],
    ['e', 'type'],
  ]);
});

test('an import whose every name is a type still loads its module', () => {
  expect(kinds(`import { type A } from 'a';`)).toEqual([['a', 'value']]);
});

test('an import on demand is dynamic, wherever it stands', () => {
  expect(
    kinds('const f = async () => { const { g } = await import(`a`); return [import("b"), g]; };'),
  ).toEqual([
    ['a', 'dynamic'],
    ['b', 'dynamic'],
  ]);
});

test('a computed import has no specifier', () => {
  expect(kinds('await import(`./` + name); await import(name); require(name);')).toEqual([
    [undefined, 'dynamic'],
    [undefined, 'dynamic'],
    [undefined, 'value'],
  ]);
});

test('a required module is loaded', () => {
  expect(kinds(`const a = require('a');`)).toEqual([['a', 'value']]);
});

test('comments, strings and templates import nothing', () => {
  expect(
    kinds(`
      // import 'a';
      /* import b from 'b' */
      const c = "import 'c'"; const d = \`import 'd' \${"import('e')"}\`; const r = /import('f')/;
      export const importance = { import: 1 };
    `),
  ).toEqual([]);
});

test('each import knows its line', () => {
  expect(importsOf(`\nimport 'a';\n\nconst b = await\n  import('b');`).map(({ line }) => line)).toEqual([
    2, 5,
  ]);
});
