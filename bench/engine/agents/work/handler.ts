import { type HandlersOf, rejected } from '../../../../shared/index.ts';
import type { work } from './contract.ts';

export const handlers = {
  step: ({ n, refuse }) => {
    if (refuse) throw rejected('refused', 'as asked');
    return { n };
  },
  undo: () => undefined,
} satisfies HandlersOf<typeof work>;
