import { plain } from './output.ts';
import type { Part } from './part.ts';

/** What can be told without running the project. Biome heeds neither `NO_COLOR` nor a pipe, but its own option. */
export const staticParts: readonly Part[] = [
  {
    title: 'Format and lint',
    program: 'node_modules/@biomejs/biome/bin/biome',
    args: ['ci', '.', ...(plain ? ['--colors=off'] : [])],
  },
  { title: 'Types', program: 'node_modules/typescript/bin/tsc', args: ['--project', '.'] },
  { title: 'Dead code', program: 'node_modules/knip/bin/knip.js', args: [] },
];
