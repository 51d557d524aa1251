import { type HandlersOf, rejected } from '../../../../shared/index.ts';
import type { work } from './contract.ts';

const PAGE = 1_000;
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

export const handlers = {
  step: ({ n, refuse }) => {
    if (refuse) throw rejected('refused', 'as asked');
    return { n };
  },
  undo: () => undefined,
  effect: () => undefined,
  keep: ({ name }, ctx) => ctx.state.set(name, { kept: (ctx.state.get(name)?.kept ?? 0) + 1 }),
  /** The numbers from 0 up to the count. */
  page: ({ count, token }) => {
    const from = Number(token ?? 0);
    const to = Math.min(count, from + PAGE);
    return {
      items: Array.from({ length: to - from }, (_, at) => from + at),
      next: to < count ? String(to) : null,
    };
  },
  map: ({ items }) => sum(items),
  reduce: ({ results }) => sum(results),
} satisfies HandlersOf<typeof work>;
