import * as z from 'zod';
import { defineAgent } from '../../shared/contract/define-agent.ts';
import { handlerRoutes } from '../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../shared/workflow/workflow-routes.ts';
import { recorder, recorderHandlers } from './recorder.ts';
import type { WorldAgent } from './world.ts';

const Fan = z.object({ id: z.string(), width: z.number().int(), rounds: z.number().int().default(1) });

const fans = defineAgent({
  name: 'fans',
  calls: ['counters'],
  workflows: { fan: { input: Fan, output: z.object({ sum: z.number() }), key: 'id' } },
});

const counters = defineAgent({
  name: 'counters',
  commands: {
    count: {
      input: z.object({ n: z.number(), note: z.string().optional() }),
      output: z.object({ n: z.number(), note: z.string().optional() }),
    },
  },
});

/** Calls at once, as many as `width`, and that again for each round. */
const fan = defineWorkflow({
  name: 'fan',
  version: 1,
  input: Fan,
  output: z.object({ sum: z.number() }),
  async run(wf, { width, rounds }) {
    let sum = 0;
    for (let round = 0; round < rounds; round++) {
      const calls = Array.from({ length: width }, (_, n) => wf.call(counters.count, { n }));
      for (const { n } of await Promise.all(calls)) sum += n;
    }
    return { sum };
  },
});

export const sumOf = (width: number, rounds = 1) => (rounds * (width * (width - 1))) / 2;

/** One run that waits for many replies at once. */
export function fanMesh(): WorldAgent[] {
  const hosted = { contract: fans.contract, definitions: [fan] };
  const handling = [
    { contract: counters.contract, handlers: { count: (input: { readonly n: number }) => ({ n: input.n }) } },
    { contract: recorder.contract, handlers: recorderHandlers },
  ];
  return [
    { contract: fans.contract, routes: ({ clock, ids }) => workflowRoutes({ ...hosted, clock, ids }) },
    ...handling.map(
      ({ contract, handlers }): WorldAgent => ({
        contract,
        routes: ({ clock, secrets }) => handlerRoutes({ contract, handlers, clock, secrets, env: {} }),
      }),
    ),
  ];
}
