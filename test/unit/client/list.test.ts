import { describe, expect, test } from 'vitest';
import { computeTopology } from '../../../shared/topology.ts';
import { clientMesh, desk } from '../../support/client-mesh.ts';

/** Five sales, a second apart: the last is the newest. */
async function sales() {
  const mesh = clientMesh();
  const { client, settled, world } = mesh;
  for (const [at, buyer] of ['ada', 'bob', 'ada', 'eve', 'ada'].entries()) {
    const handle = await client.start(desk.sell, {
      order: `o-${at}`,
      buyer,
      tags: at % 2 === 0 ? ['gift', 'web'] : ['web'],
      total: at * 100,
      placed: `2026-01-0${at + 1}T00:00:00Z`,
    });
    await settled(handle.read());
    await world.clock.advance(1_000);
  }
  const keys = async (...filter: Parameters<typeof client.list<typeof desk.sell.attributes>>) =>
    (await client.list(...filter)).runs.map(({ key }) => key);
  return { ...mesh, keys };
}

describe('a list by search attributes', () => {
  test('finds runs by a value, by one of several, by a truth, and by several attributes, newest first', async () => {
    const { keys } = await sales();
    const workflow = desk.sell;
    expect(await keys({ workflow, attributes: { buyer: 'ada' } })).toEqual(['o-4', 'o-2', 'o-0']);
    expect(await keys({ workflow, attributes: { tags: 'gift', buyer: 'ada' } })).toEqual([
      'o-4',
      'o-2',
      'o-0',
    ]);
    expect(await keys({ workflow, attributes: { tags: 'web', total: 300 } })).toEqual(['o-3']);
    expect(await keys({ workflow, attributes: { buyer: 'nobody' } })).toEqual([]);
    expect(await keys({ workflow, attributes: { placed: new Date('2026-01-02') } })).toEqual(['o-1']);
    expect(await keys({ workflow, status: 'completed', attributes: { buyer: 'ada' } })).toEqual([]);
  });

  test('finds runs by a range, the highest first, page by page', async () => {
    const { keys, client } = await sales();
    const workflow = desk.sell;
    expect(await keys({ workflow, attributes: { total: { from: 100, before: 400 } } })).toEqual([
      'o-3',
      'o-2',
      'o-1',
    ]);
    expect(await keys({ workflow, attributes: { placed: { from: new Date('2026-01-04') } } })).toEqual([
      'o-4',
      'o-3',
    ]);
    const filter = { workflow, attributes: { total: { from: 100 } } };
    const first = await client.list(filter, { limit: 3 });
    expect(first.runs.map(({ attributes }) => attributes?.total)).toEqual([400, 300, 200]);
    expect(await keys(filter, { limit: 3, page: first.next ?? '' })).toEqual(['o-1']);
    const dated = { workflow, attributes: { placed: { before: new Date('2026-01-04') } } };
    const { next = '' } = await client.list(dated, { limit: 2 });
    expect(await keys(dated, { limit: 2, page: next })).toEqual(['o-0']);
  });

  test('refuses what is not declared, of another type, or served by no index', async () => {
    const { client } = await sales();
    const workflow = desk.sell;
    const lists: [object, object][] = [
      [
        { workflow, attributes: { colour: 'red' } },
        { code: 'UsageInvalid', field: 'attributes.colour' },
      ],
      [
        { workflow: 'sell', attributes: { buyer: 'ada' } },
        { code: 'UsageInvalid', field: 'attributes.buyer' },
      ],
      [
        { workflow, attributes: { total: 'many' } },
        { code: 'SchemaMismatch', field: 'attributes.total' },
      ],
      [
        { workflow, attributes: { buyer: { from: 'a' } } },
        { code: 'SchemaMismatch', field: 'attributes.buyer' },
      ],
      [
        { workflow, attributes: { total: { from: 1 }, buyer: 'ada' } },
        { code: 'UsageInvalid', field: 'total' },
      ],
      [
        { workflow, attributes: { total: { from: 1 }, placed: { from: new Date('2026-01-01') } } },
        { code: 'UsageInvalid' },
      ],
      [
        { workflow, createdFrom: new Date('2026-01-01'), attributes: { total: { from: 1 } } },
        { code: 'UsageInvalid' },
      ],
    ];
    for (const [filter, error] of lists)
      await expect(client.list(filter as never)).rejects.toMatchObject(error);
  });

  test('a start whose input can not be an attribute is refused before it is sent', async () => {
    const { client } = clientMesh();
    const start = client.start(desk.sell, { order: 'o', buyer: 'x'.repeat(501) });
    await expect(start).rejects.toMatchObject({ code: 'SchemaMismatch', field: 'buyer' });
  });

  test('has an index for each attribute, and for each range by workflow and status', () => {
    const { indexes } = computeTopology([{ ...desk.contract, calls: [] }], { project: 'p' });
    const own = indexes.map(({ fields }) => fields.map(({ field, order }) => `${field} ${order}`).join(', '));
    expect(own.filter((text) => text.includes('attributes.'))).toEqual([
      'attributes.buyer ascending, createdAt descending',
      'attributes.placed ascending, createdAt descending',
      'attributes.tags contains, createdAt descending',
      'attributes.total ascending, createdAt descending',
      'status ascending, attributes.placed descending',
      'status ascending, attributes.total descending',
      'workflow ascending, attributes.placed descending',
      'workflow ascending, attributes.total descending',
    ]);
  });
});
