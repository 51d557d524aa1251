import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { answers, cartWorld, RUN, shop, update } from './cart-world.ts';
import { done, fails, seeded } from './world.ts';

test('whatever is duplicated, reordered, crashed or contended: each update has one answer, and the books say so', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ count: fc.integer({ min: 1, max: 2 }), failing: fc.boolean() }), { maxLength: 5 }),
      fc.constantFrom('close', 'cancel', 'nothing'),
      fc.integer(),
      fc.boolean(),
      async (adds, end, seed, warm) => {
        const failing = new Set(adds.flatMap((add, at) => (add.failing ? [`sku-${at}`] : [])));
        const mesh = cartWorld(shop, {
          'worker.a': ({ id }: { id: string }) =>
            failing.has(id) ? fails('Rejected', 'no') : done({ ref: id }),
        });
        mesh.warm = warm;
        const choose = seeded(seed);
        let storm = 250;
        mesh.choose = (options) => (storm-- > 0 ? choose(options) : 0);
        const sent = adds.map(({ count }, at) => update(mesh, 'add', { sku: `sku-${at}`, count }));
        if (end === 'close') sent.push(update(mesh, 'close', {}));
        if (end === 'cancel') mesh.cancel(RUN);
        await mesh.settle();
        const run = mesh.run('shopping', 'c1');
        let taken = 0;
        for (const message of sent) {
          const each = new Set(answers(mesh, message).map((data) => JSON.stringify(data)));
          expect(each.size, JSON.stringify(message.data)).toBe(1);
          const [only = '{}'] = each;
          const { ok, error } = JSON.parse(only) as {
            ok: boolean;
            error?: { code: string; reason?: string };
          };
          if (ok) taken += (message.data as { input: { count?: number } }).input.count ?? 0;
          seen.add(ok ? 'answered' : (error?.reason ?? error?.code ?? ''));
        }
        expect(mesh.deadLetters.filter(({ agent }) => agent === 'carts')).toEqual([]);
        if (end === 'close') {
          expect(run.status).toBe('completed');
          expect(run.output as string[]).toHaveLength(taken);
          expect(taken).toBeLessThanOrEqual(2);
        }
        if (end === 'nothing') expect(run.status).toBe('running');
      },
    ),
    { numRuns: 300, seed: 5 },
  );
  expect([...seen].sort()).toEqual(['RunEnded', 'answered', 'full', 'no']);
});
