import { http } from '@google-cloud/functions-framework';
import { type HandlersOf, serveAgent } from '../../../shared/index.ts';
import { porter } from './contract.ts';

/** Knocks at the gate, waits for it to open, and counts who came through. */
http(
  'porter',
  serveAgent({
    agent: porter,
    handlers: {
      enter: {
        keys: () => ['count'],
        handle: async (_input, ctx) => {
          await fetch(ctx.setting('GATE_URL') ?? '');
          ctx.state.set('count', { entered: (ctx.state.get('count')?.entered ?? 0) + 1 });
        },
      },
    } satisfies HandlersOf<typeof porter>,
  }),
);
