import * as z from 'zod';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import type { HandlersOf } from '../../shared/kernel/handler.ts';

/** Records dead letters, whole. */
export const recorder = defineAgent({
  name: 'dead-letters',
  recordsDeadLetters: true,
  state: {
    collection: 'deadLetters',
    schema: z.object({
      agent: z.string(),
      code: z.string(),
      field: z.string().optional(),
      letter: z.string(),
    }),
  },
});

export const recorderHandlers = {
  deadLetter: {
    keys: ({ id }) => [id],
    handle: (letter, ctx) =>
      ctx.state.set(letter.id, {
        agent: letter.agent,
        code: letter.failure.code,
        letter: JSON.stringify(letter),
        ...(letter.failure.field !== undefined && { field: letter.failure.field }),
      }),
  },
} satisfies HandlersOf<typeof recorder>;
