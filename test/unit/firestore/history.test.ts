import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainOf } from '../../../emulator/firestore/plain.ts';
import { failing, newDatabase, remove, set } from './support.ts';

const scope = { parent: '', collectionId: 'c', allDescendants: true };

describe('reads at a time', () => {
  test('see exactly what was committed by then', async () => {
    const change = fc.record({ id: fc.nat(5), n: fc.option(fc.nat(9)) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 12 }), async (commits) => {
        const { database } = newDatabase();
        const model = new Map<string, number>();
        const moments: [number, [string, number][]][] = [];
        for (const changes of commits) {
          await database.commit(
            changes.map(({ id, n }) => (n === null ? remove(`c/${id}`) : set(`c/${id}`, { n }))),
          );
          for (const { id, n } of changes) {
            if (n === null) model.delete(`c/${id}`);
            else model.set(`c/${id}`, n);
          }
          const { readTime } = await database.get([]);
          moments.push([readTime, [...model].sort()]);
        }
        for (const [readTime, wanted] of moments) {
          const { documents } = await database.query({ scope }, { readTime });
          expect(documents.map(({ path, fields }) => [path, plainOf(fields).n])).toEqual(wanted);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('reach back an hour, not further, and not ahead', async () => {
    const { database, clock } = newDatabase();
    await database.commit([set('c/a', { n: 1 })]);
    const { readTime } = await database.get([]);
    await database.commit([set('c/a', { n: 2 })]);
    await clock.advance(3_599_000);
    const { documents } = await database.get(['c/a'], { readTime });
    expect(documents[0] && plainOf(documents[0].fields)).toEqual({ n: 1 });
    await clock.advance(2_000);
    await expect(database.get(['c/a'], { readTime })).rejects.toMatchObject(
      failing('FAILED_PRECONDITION', 'too old'),
    );
    const ahead = clock.now() * 1000 + 1e6;
    await expect(database.get(['c/a'], { readTime: ahead })).rejects.toMatchObject(
      failing('INVALID_ARGUMENT', 'in the future'),
    );
  });
});
