import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { AttributeSpecs } from '../../../shared/contract/attributes.ts';
import { defineAgent } from '../../../shared/contract/define-agent.ts';
import { toJson } from '../../../shared/contract/json.ts';
import { runIdOf } from '../../../shared/contract/keys.ts';
import { runPath } from '../../../shared/contract/names.ts';
import { decodeRun, defineWorkflow, type WorkflowContext } from '../../../shared/workflow/index.ts';
import { planRerun, purgeRuns, readRecordedRun } from '../../../shared/workflow/runs/index.ts';
import { begin, portsOf } from './operator.ts';
import { World } from './world.ts';

const Input = z.object({
  id: z.string(),
  customer: z.object({ id: z.string().optional() }).optional(),
  tags: z.array(z.string()).default(['new']),
  due: z.iso.datetime().optional(),
  page: z.number().default(1),
});
const attributes = {
  customer: { type: 'keyword', from: 'customer.id' },
  tags: { type: 'keywords', from: 'tags' },
  due: { type: 'date', from: 'due' },
  total: 'number',
  vip: 'boolean',
} as const satisfies AttributeSpecs;
const shop = defineAgent({
  name: 'shop',
  workflows: {
    sell: { input: Input, output: z.json(), key: 'id', attributes, concurrency: { key: 'id', limit: 1 } },
  },
});
type Run = (
  wf: WorkflowContext<unknown, typeof attributes>,
  input: z.output<typeof Input>,
) => Promise<unknown>;

function world(run: Run, input: z.input<typeof Input> = { id: 'o1' }): World {
  const sell = defineWorkflow({
    name: 'sell',
    version: 1,
    input: Input,
    output: z.json(),
    attributes: shop.sell.attributes,
    run: run as never,
  });
  const mesh = new World(shop.contract, [sell], {});
  mesh.start('sell', toJson(input));
  return mesh;
}
const FULL = { id: 'o1', customer: { id: 'ada' }, due: '2026-03-01T09:00:00.000Z' };

describe('the search attributes of a run', () => {
  test('begin with what its contract takes from the input, defaults filled in', async () => {
    const mesh = world(async (wf) => wf.sleep('1h'), FULL);
    await mesh.deliver();
    expect(mesh.run('sell', 'o1').attributes).toEqual({
      customer: 'ada',
      tags: ['new'],
      due: new Date('2026-03-01T09:00:00.000Z'),
    });
    expect(mesh.documents.get(runPath(runIdOf('sell', 'o1')))?.fields.attributes).toMatchObject({
      customer: 'ada',
    });
  });

  test('are set by the code, one by one, from the commit of that turn on; null removes one', async () => {
    const mesh = world(async (wf) => {
      wf.setAttributes({ total: 1, vip: true });
      wf.setAttributes({ total: -0, tags: ['a', 'b', 'a'] });
      await wf.sleep('1h');
      wf.setAttributes({ vip: null, due: new Date('2027-01-01') });
    });
    await mesh.deliver();
    expect(mesh.run('sell', 'o1').attributes).toEqual({ total: 0, vip: true, tags: ['a', 'b'] });
    await mesh.settle();
    expect(mesh.run('sell', 'o1')).toMatchObject({ status: 'completed' });
    expect(mesh.run('sell', 'o1').attributes).toEqual({
      total: 0,
      tags: ['a', 'b'],
      due: new Date('2027-01-01'),
    });
  });

  test.each([true, false])('are the same after replay', async (warm) => {
    const mesh = world(async (wf) => {
      for (let total = 0; total < 3; total++) {
        wf.setAttributes({ total });
        await wf.sleep('1h');
      }
      wf.setAttributes({ total: null, tags: null });
    }, FULL);
    mesh.warm = warm;
    await mesh.settle();
    expect(mesh.run('sell', 'o1').attributes).toEqual({ customer: 'ada', due: new Date(FULL.due) });
  });

  test('are gone from the document when the last is removed', async () => {
    const mesh = world(async (wf) => {
      wf.setAttributes({ tags: null });
      await wf.sleep('1h');
    });
    await mesh.deliver();
    expect(mesh.documents.get(runPath(runIdOf('sell', 'o1')))?.fields).not.toHaveProperty('attributes');
  });

  test('are there while a run waits for its slot, and when it failed', async () => {
    const mesh = world(async (wf) => {
      wf.setAttributes({ vip: true });
      await wf.sleep('1h');
      throw new Error('no');
    });
    mesh.start('sell', { id: 'o1' });
    await mesh.settle();
    expect(mesh.run('sell', 'o1')).toMatchObject({
      status: 'failed',
      attributes: { vip: true, tags: ['new'] },
    });
  });

  test('stay when the run continues as new, and on what is kept of it', async () => {
    const mesh = world(async (wf, { id, page }) => {
      if (page === 1) wf.setAttributes({ customer: 'bob', total: 7 });
      if (page < 3) return wf.continueAsNew({ id, page: page + 1 });
      await wf.sleep('1h');
      wf.setAttributes({ total: 8 });
      return 'done';
    }, FULL);
    await mesh.settle();
    const all = [...mesh.documents.values()]
      .filter(({ path }) => path.startsWith('workflows/'))
      .map(decodeRun);
    const kept = all.filter(({ status }) => status === 'continued');
    expect(kept.map((run) => run.attributes?.customer)).toEqual(['bob', 'bob']);
    expect(mesh.run('sell', 'o1').attributes).toEqual({
      customer: 'bob',
      tags: ['new'],
      due: new Date(FULL.due),
      total: 8,
    });
  });

  test('of a rerun are those of its origin up to there; with another input, those of that input', async () => {
    const mesh = world(async (wf, { customer }) => {
      await wf.sleep('1h');
      wf.setAttributes({ total: 1 });
      await wf.sleep('1h');
      wf.setAttributes({ total: 2 });
      return customer?.id ?? null;
    }, FULL);
    await mesh.settle();
    const origin = await readRecordedRun(portsOf(mesh).store, runIdOf('sell', 'o1'));
    const fromStep = await planRerun(portsOf(mesh), origin, { from: '4' });
    expect(fromStep.run.attributes).toMatchObject({ customer: 'ada', total: 1 });
    const code = {
      contract: shop.contract,
      definition: defineWorkflow({
        name: 'sell',
        version: 1,
        input: Input,
        output: z.json(),
        run: async () => null,
      }),
    };
    const edited = await planRerun(portsOf(mesh), origin, {
      code,
      input: { id: 'o1', customer: { id: 'eve' } },
    });
    expect(edited.run.attributes).toEqual({ customer: 'eve', tags: ['new'] });
    const runId = await begin(mesh, await planRerun(portsOf(mesh), origin));
    const { run } = await readRecordedRun(portsOf(mesh).store, runId);
    expect(run.attributes).toMatchObject({ customer: 'ada', total: 2 });
  });

  test('go with the run when it is purged', async () => {
    const mesh = world(async () => 'done', FULL);
    await mesh.settle();
    const { store } = portsOf(mesh);
    await purgeRuns(store, { endedBefore: new Date(mesh.now + 1) });
    const left = [...mesh.documents.values()].filter(({ fields }) => JSON.stringify(fields).includes('ada'));
    expect(left).toEqual([]);
  });
});

describe('an attribute that can not be', () => {
  test.each([
    ['of another type', { total: '7' }, 'total'],
    ['that is no number', { total: Number.NaN }, 'total'],
    ['that is no date', { due: new Date(Number.NaN) }, 'due'],
    ['with half a character', { customer: 'a\ud800' }, 'customer'],
    ['over 500 bytes', { customer: 'ü'.repeat(251) }, 'customer'],
    ['of over 20 texts', { tags: Array.from({ length: 21 }, String) }, 'tags'],
    ['of texts that are none', { tags: ['a', 7] }, 'tags'],
  ])('%s is refused to the code that sets it', async (_, changes, field) => {
    const mesh = world(async (wf) => wf.setAttributes(changes as never));
    await mesh.settle();
    expect(mesh.run('sell', 'o1')).toMatchObject({
      status: 'failed',
      failure: { code: 'SchemaMismatch', field },
    });
    expect(mesh.run('sell', 'o1').attributes).toEqual({ tags: ['new'] });
  });

  test('because it is not declared is refused, and names where to declare it', async () => {
    for (const name of ['colour', '__proto__', 'toString']) {
      const changes = JSON.parse(`{ "${name}": "red" }`) as never;
      const mesh = world(async (wf) => wf.setAttributes(changes));
      await mesh.settle();
      expect(mesh.run('sell', 'o1').failure).toMatchObject({
        code: 'ContractInvalid',
        field: `workflows.sell.attributes.${name}`,
      });
    }
  });

  test('in the input is refused before the run begins, naming the field of the input', async () => {
    const mesh = world(async () => null, { id: 'o1', customer: { id: 'x'.repeat(501) } });
    await mesh.settle();
    expect(mesh.deadLetters).toMatchObject([{ failure: { code: 'SchemaMismatch', field: 'customer.id' } }]);
    expect([...mesh.documents.keys()]).toEqual([]);
  });
});

describe('a contract with search attributes', () => {
  const declaring = (declared: object) => () =>
    defineAgent({
      name: 'a',
      workflows: { w: { input: z.object({ id: z.string() }), attributes: declared as AttributeSpecs } },
    });

  test.each([
    ['a name with a dash', { 'order-id': 'keyword' }, 'workflows.w.attributes.order-id'],
    ['an unknown type', { order: 'text' }, 'workflows.w.attributes.order'],
    [
      'a field that the input lacks',
      { order: { type: 'keyword', from: 'order' } },
      'workflows.w.attributes.order.from',
    ],
    [
      'over 20 of them',
      Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`a${at}`, 'keyword'])),
      'workflows.w.attributes',
    ],
  ])('is refused for %s', (_, declared, field) => {
    expect(declaring(declared)).toThrow(expect.objectContaining({ code: 'ContractInvalid', field }));
  });
});
