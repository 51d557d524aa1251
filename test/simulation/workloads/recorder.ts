import * as z from 'zod';
import { DeadLetter } from '../../../shared/contract/dead-letter.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { WireMessage } from '../../../shared/contract/message.ts';
import { topicOf } from '../../../shared/contract/names.ts';
import type { StoredDocument } from '../../../shared/contract/store.ts';
import { toRedrive } from '../../../shared/kernel/dead-letter.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import type { SimulatedAgent } from '../world/instance.ts';

const recorder = defineAgent({
  name: 'dead-letters',
  recordsDeadLetters: true,
  state: {
    collection: 'deadLetters',
    schema: z.object({ agent: z.string(), code: z.string(), message: z.string(), letter: z.string() }),
  },
  // As the agent that is deployed. What it can't record by then waits for a person.
  retry: { minBackoff: '1s', maxBackoff: '600s', maxAttempts: 100 },
});

const handlers = {
  deadLetter: {
    keys: ({ id }) => [id],
    handle: (letter, ctx) => {
      const { attributes, messageId } = letter.original;
      const message = attributes['ce-id'] ?? messageId;
      ctx.state.set(letter.id, {
        agent: letter.agent,
        code: letter.failure.code,
        message,
        letter: JSON.stringify(letter),
      });
    },
  },
} satisfies HandlersOf<typeof recorder>;

/** Records the dead letters of every workload. */
export const recorderAgent: SimulatedAgent = {
  contract: recorder.contract,
  routes: ({ ports: { clock, secrets } }) =>
    handlerRoutes({ contract: recorder.contract, handlers, clock, secrets, env: {} }),
};

const MOST_REDRIVES = 4;

/** A recorded dead letter as an operator redrives it; undefined for one that has had its chances. */
export function redriven({ fields }: StoredDocument): { topic: string; message: WireMessage } | undefined {
  const letter = DeadLetter.parse(JSON.parse(String(fields.letter)));
  // Even one that names a fault of the message's own: it may have died of that, come again, and died half done of another.
  if (Number(letter.original.attributes.redrive ?? 0) >= MOST_REDRIVES) return undefined;
  return { topic: topicOf('mesh', letter.agent), message: toRedrive(letter) };
}
