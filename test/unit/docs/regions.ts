import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** The parts of a test file that are marked `#region name`, without the indentation that they have there. */
export function regionsIn(file: string): ReadonlyMap<string, string> {
  const source = readFileSync(join(import.meta.dirname, file), 'utf8');
  const marked = source.matchAll(/^( *)\/\/ #region ([\w-]+)\n([\s\S]*?)\n *\/\/ #endregion/gm);
  return new Map(
    [...marked].map(([, indent = '', name = '', text = '']) => [
      name,
      text
        .split('\n')
        .map((line) => line.slice(indent.length))
        .join('\n'),
    ]),
  );
}

/** The TypeScript that a page shows, by the region that it says it is. */
export function shownIn(page: string): ReadonlyMap<string, string> {
  const blocks = readFileSync(join(root, page), 'utf8').matchAll(/^```ts(.*)\n([\s\S]*?)\n?```$/gm);
  return new Map(
    [...blocks].map(([, info = '', text = '']) => [
      /^ region=([\w-]+)$/.exec(info)?.[1] ?? `unmarked: ${text.slice(0, 60)}`,
      text,
    ]),
  );
}
