import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { handlerRoutes } from '../../../shared/kernel/handler-routes.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { workflowRoutes } from '../../../shared/workflow/workflow-routes.ts';
import { recorder, recorderHandlers } from '../../support/recorder.ts';
import { World, type WorldAgent } from '../../support/world.ts';

const Input = z.object({});
const bank = defineAgent({ name: 'bank', commands: { pay: { input: Input } } });
const shop = defineAgent({ name: 'shop', calls: ['bank'], workflows: { sell: { input: Input } } });
const news = defineAgent({ name: 'news', workflows: { print: { input: Input } } });

const hosting = ({ contract }: typeof shop | typeof news): WorldAgent => ({
  contract,
  routes: ({ clock, ids }) =>
    workflowRoutes({
      contract,
      clock,
      ids,
      definitions: Object.keys(contract.workflows).map((name) =>
        defineWorkflow({ name, version: 1, input: Input, run: async () => undefined }),
      ),
    }),
});
const handling = (
  { contract }: typeof bank | typeof recorder,
  handlers: Parameters<typeof handlerRoutes>[0]['handlers'],
): WorldAgent => ({
  contract,
  routes: ({ clock, secrets }) => handlerRoutes({ contract, handlers, clock, secrets, env: {} }),
});

/** A command for the bank that nobody ever handled, as Pub/Sub puts it among the dead letters. */
async function dies(attributes: Record<string, string>) {
  const world = new World({
    agents: [
      handling(bank, { pay: () => undefined }),
      hosting(shop),
      hosting(news),
      handling(recorder, recorderHandlers),
    ],
  });
  world.publish('mesh-bank-dead', {
    data: Buffer.from('{}'),
    attributes: {
      'ce-type': 'bank.pay',
      'ce-id': 'm1',
      'ce-source': '/agents/shop',
      runid: 'run-1',
      stepid: '1.1',
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
      CloudPubSubDeadLetterSourceSubscription: 'mesh-bank',
      ...attributes,
    },
  });
  await world.settle();
  const letters = (await world.store.query({ collection: 'deadLetters' })).map(({ fields }) => fields);
  const told = world.outcomes
    .filter(({ type, agent }) => type === 'mesh.reply' && agent !== recorder.contract.name)
    .map(({ agent }) => agent);
  return { letters, told };
}

test('who calls the agent of a dead letter is told of it', async () => {
  expect((await dies({ replyto: 'shop' })).told).toEqual(['shop']);
});

test.each([
  ['an agent that does not call it', 'news'],
  ['an agent that there is not', 'nobody'],
  ['everybody', '*'],
  ['the recorder', 'dead-letters'],
])('a dead letter whose reply is to go to %s is recorded, and nobody is told', async (_, replyto) => {
  const { letters, told } = await dies({ replyto });
  expect(letters.map((letter) => [letter.agent, letter.code])).toEqual([['bank', 'DeliveriesExhausted']]);
  expect(told).toEqual([]);
});

test('what a message says of the agent that gave up on it does not widen who may be told', async () => {
  // The bank may tell the shop; what came by the bank's own topic tells nobody else, whoever it says it died at.
  const { told } = await dies({ replyto: 'news', deadletteragent: 'news', deadlettercode: 'NotJson' });
  expect(told).toEqual([]);
});
