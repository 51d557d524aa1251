import { AggregateField, FieldPath, FieldValue, Filter, type QuerySnapshot } from '@google-cloud/firestore';
import { beforeEach, describe, expect, test } from 'vitest';
import { startSubject } from './client.ts';

const subject = startSubject();

describe('queries through the real client', () => {
  const ids = ({ docs }: QuerySnapshot) => docs.map(({ id }) => id).join(' ');

  beforeEach(async () => {
    const batch = subject.firestore.batch();
    const cities = {
      bj: { name: 'Beijing', country: 'CN', people: 21.5, regions: ['jingjinji'] },
      dc: { name: 'Washington', country: 'US', people: 0.7, regions: ['east'], capital: true },
      la: { name: 'Los Angeles', country: 'US', people: 3.9, regions: ['west', 'socal'] },
      sf: { name: 'San Francisco', country: 'US', people: 0.9, regions: ['west', 'norcal'], capital: null },
      tok: { name: 'Tokyo', country: 'JP', people: 9, regions: ['kanto'], capital: true },
    };
    for (const [id, city] of Object.entries(cities)) batch.set(subject.firestore.doc(`cities/${id}`), city);
    for (const id of ['dc', 'sf'])
      batch.set(subject.firestore.doc(`cities/${id}/sights/park`), { kind: 'park' });
    await batch.commit();
  });

  test('filter by each operator', async () => {
    const cities = subject.firestore.collection('cities');
    expect(ids(await cities.where('country', '==', 'US').get())).toBe('dc la sf');
    expect(ids(await cities.where('country', '!=', 'US').get())).toBe('bj tok');
    expect(ids(await cities.where('people', '>=', 3.9).where('people', '<', 21.5).get())).toBe('la tok');
    expect(ids(await cities.where('country', 'in', ['JP', 'CN']).get())).toBe('bj tok');
    expect(ids(await cities.where('country', 'not-in', ['JP', 'CN']).get())).toBe('dc la sf');
    expect(ids(await cities.where('regions', 'array-contains', 'west').get())).toBe('la sf');
    expect(ids(await cities.where('regions', 'array-contains-any', ['east', 'kanto']).get())).toBe('dc tok');
    expect(ids(await cities.where('capital', '==', null).get())).toBe('sf');
    expect(ids(await cities.where('capital', '!=', null).get())).toBe('dc tok');
    expect(ids(await cities.where('people', '==', Number.NaN).get())).toBe('');
    expect(ids(await cities.where(FieldPath.documentId(), '>=', 'la').get())).toBe('la sf tok');
    const either = Filter.or(
      Filter.where('people', '<', 0.8),
      Filter.and(Filter.where('country', '==', 'US'), Filter.where('people', '>', 3)),
    );
    expect(ids(await cities.where(either).get())).toBe('dc la');
  });

  test('order, page, limit to the last, and project', async () => {
    const byPeople = subject.firestore.collection('cities').orderBy('people', 'desc');
    expect(ids(await byPeople.limit(2).get())).toBe('bj tok');
    expect(ids(await byPeople.limitToLast(2).get())).toBe('sf dc');
    expect(ids(await byPeople.startAfter(9).endAt(0.9).get())).toBe('la sf');
    const tokyo = await subject.firestore.doc('cities/tok').get();
    expect(ids(await byPeople.startAfter(tokyo).get())).toBe('la sf dc');
    expect(ids(await byPeople.offset(1).limit(1).get())).toBe('tok');
    const named = await byPeople.select('name').limit(1).get();
    expect(named.docs[0]?.data()).toEqual({ name: 'Beijing' });
    expect(
      ids(await subject.firestore.collection('cities').orderBy('country').orderBy('people', 'desc').get()),
    ).toBe('bj tok la sf dc');
  });

  test('reach over collection groups, in parts too', async () => {
    const parks = subject.firestore.collectionGroup('sights').where('kind', '==', 'park');
    expect((await parks.get()).docs.map(({ ref }) => ref.path)).toEqual([
      'cities/dc/sights/park',
      'cities/sf/sights/park',
    ]);
    let found = 0;
    for await (const partition of subject.firestore.collectionGroup('sights').getPartitions(2))
      found += (await partition.toQuery().get()).size;
    expect(found).toBe(2);
  });

  test('aggregate: count, sum and average in one call', async () => {
    const us = subject.firestore.collection('cities').where('country', '==', 'US');
    subject.server.resetCalls();
    expect((await us.count().get()).data().count).toBe(3);
    expect(subject.server.calls).toEqual({ RunAggregationQuery: 1 });
    const { sum, average } = (
      await us
        .aggregate({ sum: AggregateField.sum('people'), average: AggregateField.average('people') })
        .get()
    ).data();
    expect(sum).toBeCloseTo(5.5);
    expect(average).toBeCloseTo(5.5 / 3);
  });

  test('that break a rule fail once, with the reason', async () => {
    const numbers = Array.from({ length: 31 }, (_, n) => n);
    subject.server.resetCalls();
    const refused = subject.firestore.collection('cities').where('people', 'in', numbers).get();
    await expect(refused).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining("'IN' supports up to 30"),
    });
    expect(subject.server.calls).toEqual({ RunQuery: 1 });
  });

  test('stream', async () => {
    const streamed: string[] = [];
    for await (const each of subject.firestore.collection('cities').stream())
      streamed.push((each as unknown as { id: string }).id);
    expect(streamed).toEqual(['bj', 'dc', 'la', 'sf', 'tok']);
  });

  test('are explained, run or not', async () => {
    const us = subject.firestore.collection('cities').where('country', '==', 'US').orderBy('people', 'desc');
    const plan = await us.explain();
    expect(plan.metrics.planSummary.indexesUsed).toEqual([
      { query_scope: 'Collection', properties: '(country ASC, people DESC, __name__ DESC)' },
    ]);
    expect(plan.snapshot).toBeNull();
    const run = await us.explain({ analyze: true });
    expect(run.snapshot?.size).toBe(3);
    expect(run.metrics.executionStats).toMatchObject({
      resultsReturned: 3,
      readOperations: 3,
      debugStats: { index_entries_scanned: '3', documents_scanned: '3' },
    });
    const counted = await us.count().explain({ analyze: true });
    expect(counted.snapshot?.data().count).toBe(3);
  });

  test('find the nearest to a vector', async () => {
    const places = subject.firestore.collection('places');
    await places.doc('near').set({ at: FieldValue.vector([1, 1]) });
    await places.doc('far').set({ at: FieldValue.vector([5, 5]) });
    const found = await places
      .findNearest({
        vectorField: 'at',
        queryVector: [2, 1],
        limit: 2,
        distanceMeasure: 'EUCLIDEAN',
        distanceResultField: 'distance',
      })
      .get();
    expect(found.docs.map((doc) => [doc.id, doc.get('distance')])).toEqual([
      ['near', 1],
      ['far', 5],
    ]);
  });
});
