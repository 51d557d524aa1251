import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import type { Duration } from '../../../shared/contract/duration.ts';
import { defineWorkflow } from '../../../shared/workflow/definition.ts';
import { definitionProblems } from '../../../shared/workflow/definition-problems.ts';

const desk = defineAgent({
  name: 'desk',
  workflows: { buy: { input: z.object({}) }, sell: { input: z.object({}) } },
});
const workflow = (name: string, more: { version?: number; deadline?: Duration } = {}) =>
  defineWorkflow({ name, version: 1, input: z.object({}), output: z.null(), run: async () => null, ...more });
const fieldsOf = (...given: Parameters<typeof definitionProblems>[1]) =>
  definitionProblems(desk.contract, given).map(({ code, field }) => `${code} ${field}`);

test('workflows that are all there have no problem', () => {
  expect(
    fieldsOf(workflow('buy'), workflow('buy', { version: 2 }), workflow('sell', { deadline: '2d' })),
  ).toEqual([]);
});

test('a workflow without a definition and a definition without a workflow are both told', () => {
  expect(fieldsOf(workflow('buy'), workflow('steal'))).toEqual([
    'ContractInvalid workflows.steal',
    'ContractInvalid workflows.sell',
  ]);
});

test('so are a version twice, and one that is no whole number from 1', () => {
  const sold = workflow('sell');
  expect(fieldsOf(workflow('buy', { version: 0 }), sold, sold)).toEqual([
    'ContractInvalid workflows.buy',
    'ContractInvalid workflows.sell',
  ]);
});

// The types take any number: the rest is found when the code is loaded.
test.each<Duration>(['-5s', '1e3ms', '0s', '999999999d'])('so is the deadline %s', (deadline) => {
  expect(fieldsOf(workflow('buy', { deadline }), workflow('sell'))).toEqual([
    'DefinitionInvalid workflows.buy.deadline',
  ]);
});

test('so is each schema that no JSON can fill', () => {
  const buy = defineWorkflow({
    name: 'buy',
    version: 1,
    input: z.object({ at: z.date() }),
    output: z.bigint(),
    status: z.set(z.string()),
    run: async () => 1n,
  });
  expect(fieldsOf(buy, workflow('sell'))).toEqual([
    'DefinitionInvalid workflows.buy.input.at',
    'DefinitionInvalid workflows.buy.output',
    'DefinitionInvalid workflows.buy.status',
  ]);
});
