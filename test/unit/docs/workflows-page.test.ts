import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/workflows.md'), 'utf8');

/** The marked parts of the examples, without the indentation that they have there. */
function regionsIn(source: string): [string, string][] {
  return [...source.matchAll(/^( *)\/\/ #region ([\w-]+)\n([\s\S]*?)\n *\/\/ #endregion/gm)].map(
    ([, indent = '', name = '', text = '']) => [
      name,
      text
        .split('\n')
        .map((line) => line.slice(indent.length))
        .join('\n'),
    ],
  );
}

const sources = readdirSync(import.meta.dirname).filter((file) => file.endsWith('-examples.test.ts'));
const regions = new Map(
  sources.flatMap((file) => regionsIn(readFileSync(join(import.meta.dirname, file), 'utf8'))),
);
const blocks = [...page.matchAll(/^```ts(.*)\n([\s\S]*?)\n?```$/gm)].map(([, info = '', text = '']) => ({
  name: /^ region=([\w-]+)$/.exec(info)?.[1] ?? `unmarked: ${text.slice(0, 60)}`,
  text,
}));

/** What `wf` can do, as its interface says it. */
function operations(): string[] {
  const source = readFileSync(join(root, 'shared/workflow/context.ts'), 'utf8');
  const body = /export interface WorkflowContext[^{]*\{\n([\s\S]*?)\n\}/.exec(source)?.[1] ?? '';
  return [...body.matchAll(/^ {2}(\w+)[<(]/gm)].map(([, name = '']) => name);
}

describe('docs/workflows.md', () => {
  test.each(blocks)('shows $name as the tests run it', ({ name, text }) => {
    expect(text).toBe(regions.get(name));
  });

  test('shows every example', () => {
    expect(blocks.map(({ name }) => name).sort()).toEqual([...regions.keys()].sort());
  });

  test('has a section for each operation, with an example that uses it', () => {
    const names = operations();
    expect(names).toEqual(expect.arrayContaining(['call', 'gather', 'mapReduce', 'random', 'continueAsNew']));
    const sections = page.split(/^## /m).slice(1);
    for (const name of names) {
      const section = sections.find((text) => new RegExp(`^.*\\bwf\\.${name}\\b`).test(text));
      expect(section, `a section of wf.${name}`).toMatch(
        new RegExp(`\`\`\`ts region=[\\s\\S]*\\bwf\\.${name}\\(`),
      );
    }
  });
});
