import { connect } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { type HandlersOf, serveAgent } from '../../../shared/index.ts';
import { porter } from './contract.ts';

/** Knocks at the gate, waits for it to open, and counts who came through. Who stumbles throws where nobody can catch it. */
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
      stumble: async ({ how }) => {
        const error = new Error(`stumbled in the ${how}`);
        if (how === 'promise') void Promise.reject(error);
        else if (how === 'event') connect(1, '127.0.0.1', () => {}).destroy(error);
        else
          setTimeout(() => {
            throw error;
          });
        await new Promise(() => {});
      },
    } satisfies HandlersOf<typeof porter>,
  }),
);
