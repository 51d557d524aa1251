import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../emulator/data/journal.ts';
import { KeptFirestore } from '../../../emulator/data/kept-firestore.ts';
import { FirestoreStore } from '../../../emulator/firestore/store.ts';
import type { Value } from '../../../emulator/firestore/value.ts';
import { writeValue } from '../../../emulator/firestore/wire/value.ts';
import { ManualClock } from '../../../shared/testing/manual-clock.ts';

function firestore() {
  const clock = new ManualClock();
  const kept = new KeptFirestore();
  const store = new FirestoreStore(clock, { keeper: kept });
  kept.keeps(store);
  return { clock, kept, store };
}

/** What a process that starts from these entries has, once through the file that they are kept in. */
function grown(entries: Iterable<Entry>) {
  const world = firestore();
  for (const entry of entries) world.kept.replay(JSON.parse(JSON.stringify(entry)) as Entry);
  return world;
}

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<Value>({ type: 'null' }),
    fc.boolean().map((each): Value => ({ type: 'boolean', value: each })),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((each): Value => ({ type: 'integer', value: each })),
    fc.double().map((each): Value => ({ type: 'double', value: each })),
    fc.string({ unit: 'grapheme' }).map((each): Value => ({ type: 'string', value: each })),
    fc.uint8Array().map((each): Value => ({ type: 'bytes', value: each })),
    fc
      .record({
        seconds: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
        micros: fc.nat(999_999),
      })
      .map(({ seconds, micros }): Value => ({ type: 'timestamp', seconds, nanos: micros * 1_000 })),
    fc
      .record({
        latitude: fc.double({ min: -90, max: 90, noNaN: true }),
        longitude: fc.double({ min: -180, max: 180, noNaN: true }),
      })
      .map((point): Value => ({ type: 'geopoint', ...point })),
    fc
      .array(tie('value'), { maxLength: 3 })
      .map((each): Value => ({ type: 'array', values: each.filter(({ type }) => type !== 'array') })),
    fc
      .dictionary(
        fc.string({ minLength: 1, maxLength: 8 }).filter((name) => !/^__.*__$/.test(name)),
        tie('value'),
        { maxKeys: 3 },
      )
      .map((each): Value => ({ type: 'map', fields: new Map(Object.entries(each)) })),
  ),
}));

type Action =
  | { readonly set: string; readonly to: Value }
  | { readonly delete: string }
  | { readonly wait: number }
  | { readonly clear: true };
const path = fc.constantFrom('a/1', 'a/2', 'a/1/b/1', 'c/1');
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ set: path, to: value }),
  fc.record({ delete: path }),
  fc.record({ wait: fc.nat(10_000) }),
  fc.constant<Action>({ clear: true }),
);

async function act({ store, clock }: ReturnType<typeof firestore>, actions: readonly Action[]) {
  const database = store.database('demo');
  for (const each of actions) {
    if ('wait' in each) await clock.advance(each.wait);
    else if ('clear' in each) store.clear();
    else if ('delete' in each) await database.commit([{ op: 'delete', path: each.delete }]);
    else await database.commit([{ op: 'set', path: each.set, fields: new Map([['value', each.to]]) }]);
  }
}

/** Everything that can be seen of a store's documents. */
const seen = ({ store }: ReturnType<typeof firestore>) =>
  [...store.databases()].flatMap((database) =>
    Array.from(database.documents(), ({ path, fields, createTime, updateTime, size }) => ({
      database: database.name,
      path,
      fields: [...fields].map(([name, each]) => [name, writeValue(each)]),
      createTime,
      updateTime,
      size,
    })),
  );

describe('a Firestore that is kept', () => {
  test('is the same again from what was told of it, and from what it tells of itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
        const world = firestore();
        const told: Entry[] = [];
        world.kept.onEntry((entry) => told.push(entry));
        await act(world, actions);
        expect(seen(grown(told))).toEqual(seen(world));
        expect(seen(grown(world.kept.entries()))).toEqual(seen(world));
      }),
      { numRuns: 200 },
    );
  });

  test('goes on: the next commit is later than all that was kept, though the clock were behind', async () => {
    const world = firestore();
    await world.clock.advance(3_600_000);
    await act(world, [{ set: 'a/1', to: { type: 'null' } }]);
    const after = grown(world.kept.entries());
    await act(after, [{ set: 'a/2', to: { type: 'null' } }]);
    const [first, second] = seen(after);
    expect(second?.updateTime).toBeGreaterThan(first?.updateTime ?? Number.POSITIVE_INFINITY);
  });

  test('expires what it was told to', async () => {
    const world = firestore();
    const told: Entry[] = [];
    world.kept.onEntry((entry) => told.push(entry));
    world.store.database('demo').setTtl('sessions', 'expire.at');
    world.store.database('demo').setTtl('others', 'at');
    world.store.database('demo').setTtl('others', undefined);
    for (const after of [grown(told), grown(world.kept.entries())])
      expect([...after.store.database('demo').ttlFields()]).toEqual([['sessions', 'expire.at']]);
  });

  test('has the indexes and databases that callers made; those that the program declares are its own to change', async () => {
    const index = (fieldPath: string) => ({
      collectionGroup: 'c',
      queryScope: 'COLLECTION' as const,
      fields: [
        { fieldPath: 'kind', order: 'ASCENDING' as const },
        { fieldPath, order: 'DESCENDING' as const },
      ],
    });
    const world = firestore();
    const told: Entry[] = [];
    world.kept.onEntry((entry) => told.push(entry));
    const { indexes } = world.store.database('demo');
    indexes.declare([index('declared')]);
    indexes.add(index('gone'));
    indexes.remove(indexes.find(index('gone'))?.id ?? '');
    const added = indexes.add(index('added'));
    indexes.override({ collectionGroup: 'c', fieldPath: 'big', indexes: [] });
    await world.store.database('demo', 'other').commit([{ op: 'set', path: 'a/1', fields: new Map() }]);
    world.store.database('demo', 'empty');
    world.store.drop('projects/demo/databases/other');
    for (const after of [grown(told), grown(world.kept.entries())]) {
      const names = [...after.store.databases()].map(({ name }) => name);
      expect(names).toEqual(['projects/demo/databases/(default)', 'projects/demo/databases/empty']);
      const catalog = after.store.database('demo').indexes;
      expect([...catalog.composites]).toEqual([added]);
      expect(catalog.overrideOf('c', 'big')).toMatchObject({ indexes: [] });
      expect(catalog.add(index('next')).id).not.toBe(added.id);
    }
  });

  test('refuses what is none of its entries', () => {
    const { kept } = firestore();
    expect(() => kept.replay({ topic: 'news' })).toThrow('an entry names no database');
    expect(() => kept.replay({ database: 'projects/p/databases/d' })).toThrow('an entry holds no documents');
  });
});
