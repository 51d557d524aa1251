import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { loadContracts } from '../../../agents/contracts.ts';
import { pushOf, readExample } from '../../../build/example.ts';
import { computeTopology } from '../../../shared/topology.ts';

const agents = fileURLToPath(new URL('../../../agents', import.meta.url));
const contracts = await loadContracts();
const topology = computeTopology(contracts, { project: 'demo', prefix: 'mesh' });

describe('every agent', () => {
  test.each(contracts.map((contract) => [contract.name, contract] as const))(
    '%s has an example that fits its contract',
    async (name, contract) => {
      const example = await readExample(agents, name);
      if (!example) throw new Error(`${name} has no example.json`);
      for (const message of [...example.given, example]) {
        const { body } = pushOf({ topology, contract, message, id: 'one' });
        const { subscription, message: sent } = JSON.parse(body) as {
          subscription: string;
          message: { data: string };
        };
        expect(topology.subscriptions.map((each) => each.name)).toContain(subscription.split('/').at(-1));
        expect(Buffer.from(sent.data, 'base64').toString()).not.toContain('{{');
      }
    },
  );
});

describe('an example', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-example-'));
  mkdirSync(join(folder, 'odd'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = (text: string) => {
    writeFileSync(join(folder, 'odd', 'example.json'), text);
    return readExample(folder, 'odd');
  };

  test('may be missing', async () => {
    expect(await readExample(folder, 'nobody')).toBeUndefined();
  });

  test.each([
    ['{"type": ', 'the file'],
    ['[1', 'the file'],
    ['null', 'the file'],
    ['{"data": {}}', 'type'],
    ['{"type": "charge"}', 'data'],
    ['{"type": "charge", "data": {}, "given": {}}', 'given'],
    ['{"type": "charge", "data": {}, "given": [{"type": "x"}]}', 'given[0].data'],
  ])('that reads %s is refused, naming %s', async (text, field) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'ConfigurationInvalid', field });
  });

  test('of a message that the contract does not take is refused, naming the field', () => {
    const contract = contracts.find(({ name }) => name === 'inventory');
    if (!contract) throw new Error('there is no agent inventory');
    const message = { type: 'restock', data: { lines: [] } };
    expect(() => pushOf({ topology, contract, message, id: 'one' })).toThrow('lines');
  });
});
