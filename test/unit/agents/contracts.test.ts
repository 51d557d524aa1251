import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadContracts } from '../../../agents/contracts.ts';
import { computeTopology } from '../../../shared/topology.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'agents-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(folder: string, source: string): void {
  mkdirSync(join(directory, folder));
  writeFileSync(join(directory, folder, 'contract.ts'), source);
}

/** What `defineAgent` returns, in short. */
const agent = (name: string) => `{ contract: { name: '${name}' }, spec: { name: '${name}' } }`;

test('every agent is found, in order, and they fit together', async () => {
  const contracts = await loadContracts();
  const names = contracts.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  expect(names).toEqual(expect.arrayContaining(['dead-letters', 'inventory', 'orders', 'payments']));
  const { subscriptions } = computeTopology(contracts, { project: 'demo' });
  expect(subscriptions.find(({ role }) => role === 'events')).toMatchObject({ pushTo: 'notifications' });
});

test('a new folder is a new agent', async () => {
  write('zebra', `export const zebra = ${agent('zebra')};`);
  write('ant', `export const Schema = {}; export const ant = ${agent('ant')};`);
  mkdirSync(join(directory, 'no-agent'));
  expect((await loadContracts(directory)).map(({ name }) => name)).toEqual(['ant', 'zebra']);
});

test.each([
  ['exports no agent', 'export const nothing = 1;'],
  ['does not load: ', "throw new Error('broken');"],
  ['exports 2 agents: ant, bee', `export const a = ${agent('ant')}, b = ${agent('bee')};`],
  ['exports the agent "bee"', `export const bee = ${agent('bee')};`],
])('a contract that %s is named', async (message, source) => {
  write('ant', source);
  await expect(loadContracts(directory)).rejects.toMatchObject({
    code: 'ContractInvalid',
    field: 'ant/contract.ts',
    message: expect.stringContaining(join('ant', `contract.ts ${message}`)),
  });
});
