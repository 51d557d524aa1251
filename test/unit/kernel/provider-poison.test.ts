import { expect, it } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { MeshError } from '../../../shared/contract/errors.ts';
import { retryAfterMs } from '../../../shared/contract/provider.ts';
import type { HandlersOf } from '../../../shared/kernel/handler.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import type { Route } from '../../../shared/kernel/route.ts';
import { recorder, recorderHandlers } from '../../support/recorder.ts';
import { World } from '../../support/world.ts';

const printer = defineAgent({
  name: 'printer',
  commands: { print: { input: z.object({ page: z.string() }), mode: 'effect' } },
  providers: { press: { breaker: { failures: 2, within: '10s', open: '2s', maxOpen: '60s' } } },
  retry: { maxAttempts: 5 },
});

it('a message at which a provider always fails is given up on, though its failures keep opening the circuit', async () => {
  const printed: string[] = [];
  const handlers = {
    print: ({ page }, ctx) =>
      ctx.provider('press').call(async () => {
        if (page === 'jam') throw new MeshError('ProviderFailed', 'the paper is stuck');
        printed.push(page);
      }),
  } satisfies HandlersOf<typeof printer>;
  // One instance throughout: what it knows of the circuit stays.
  let routes: ReadonlyMap<string, Route> | undefined;
  const world: World = new World({
    agents: [
      {
        contract: printer.contract,
        routes: ({ secrets }) => {
          const { clock, store } = world.ports;
          routes ??= handlerRoutes({ contract: printer.contract, handlers, clock, secrets, store, env: {} });
          return routes;
        },
      },
      {
        contract: recorder.contract,
        routes: ({ clock, secrets }) =>
          handlerRoutes({ contract: recorder.contract, handlers: recorderHandlers, clock, secrets, env: {} }),
      },
    ],
  });
  world.command('printer', 'print', { page: 'jam' });
  world.command('printer', 'print', { page: 'report' });
  await world.settle();
  const letters = await world.store.query({ collection: 'deadLetters' });
  expect(letters.map(({ fields }) => fields.code)).toEqual(['ProviderFailed']);
  expect(printed).toEqual(['report']);
});

it('a provider that asks to be left alone for years is asked again within the hour', () => {
  expect(retryAfterMs('999999999', 0)).toBe(3_600_000);
  expect(retryAfterMs('Fri, 31 Dec 9999 23:59:59 GMT', 0)).toBe(3_600_000);
  expect(retryAfterMs('90', 0)).toBe(90_000);
});
