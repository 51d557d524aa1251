import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { recorder, recorderHandlers } from '../../support/recorder.ts';
import { World } from '../../support/world.ts';

const bank = defineAgent({ name: 'bank', commands: { pay: { input: z.object({}) } } });

test('copies of a message that die of different things are recorded each, and those that die of the same once', async () => {
  const recorded: string[] = [];
  const handlers = {
    deadLetter: {
      ...recorderHandlers.deadLetter,
      handle: (...given: Parameters<typeof recorderHandlers.deadLetter.handle>) => {
        recorded.push(given[0].failure.code);
        recorderHandlers.deadLetter.handle(...given);
      },
    },
  };
  const world = new World({
    agents: [
      {
        contract: bank.contract,
        routes: ({ clock, secrets }) =>
          handlerRoutes({
            contract: bank.contract,
            handlers: { pay: () => undefined },
            clock,
            secrets,
            env: {},
          }),
      },
      {
        contract: recorder.contract,
        routes: ({ clock, secrets }) =>
          handlerRoutes({ contract: recorder.contract, handlers, clock, secrets, env: {} }),
      },
    ],
  });
  const dies = (attributes: Record<string, string>) =>
    world.publish('mesh-bank-dead', {
      data: Buffer.from('{}'),
      attributes: { 'ce-type': 'bank.pay', 'ce-id': 'm1', 'ce-source': '/desk', ...attributes },
    });
  const counted = {
    CloudPubSubDeadLetterSourceDeliveryCount: '5',
    CloudPubSubDeadLetterSourceSubscription: 'mesh-bank',
  };
  dies(counted);
  dies(counted);
  dies({ deadlettercode: 'SchemaMismatch', deadletterfield: 'amount', deadletteragent: 'bank' });
  await world.settle();
  expect(recorded).toEqual(['DeliveriesExhausted', 'SchemaMismatch']);
  const letters = await world.store.query({ collection: 'deadLetters' });
  expect(letters.map(({ fields }) => fields.code)).toEqual(['SchemaMismatch']);
});
