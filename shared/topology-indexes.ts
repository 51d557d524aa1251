import { attributeField, type Contract, specOf } from './contract/index.ts';

/** A composite index on a top-level collection (https://firebase.google.com/docs/firestore/query-data/index-overview#composite_indexes). */
export interface CompositeIndex {
  readonly collection: string;
  /** In this order; Firestore adds the document's name, in the direction of the last. */
  readonly fields: readonly IndexField[];
}

/** In order of its values, or by each element of a list. */
export interface IndexField {
  readonly field: string;
  readonly order: 'ascending' | 'descending' | 'contains';
}

/**
 * Of the queries that list runs and dead letters and purge runs: one index for each field that is filtered by, followed by the one that
 * is ordered by. Firestore merges those for filters of several fields.
 */
export function indexesOf(agents: readonly Contract[], recorder: Contract | undefined): CompositeIndex[] {
  const each = (collection: string, fields: readonly string[], last: CompositeIndex['fields'][number]) =>
    fields.map((field): CompositeIndex => ({ collection, fields: [{ field, order: 'ascending' }, last] }));
  const letters = recorder?.state?.collection;
  return [
    ...each('workflows', ['agent', 'key', 'status', 'workflow'], { field: 'createdAt', order: 'descending' }),
    ...each('workflows', ['status', 'workflow'], { field: 'endedAt', order: 'ascending' }),
    ...attributeIndexes(agents),
    // Of the sweeps.
    ...each('workflows', ['agent'], { field: 'wakeAt', order: 'ascending' }),
    ...each('slots', ['waited'], { field: 'updatedAt', order: 'ascending' }),
    ...(letters === undefined
      ? []
      : each(letters, ['agent', 'code', 'status', 'type'], { field: 'lastSeen', order: 'descending' })),
  ];
}

/**
 * Of lists by search attributes: newest first by a value, or in order of the values of a range, by workflow or status. One for all workflows
 * that declare an attribute of that name.
 */
function attributeIndexes(agents: readonly Contract[]): CompositeIndex[] {
  const found = new Map<string, CompositeIndex>();
  const index = (...fields: readonly IndexField[]) =>
    found.set(JSON.stringify(fields), { collection: 'workflows', fields });
  for (const { workflows } of agents)
    for (const { attributes = {} } of Object.values(workflows))
      for (const [name, each] of Object.entries(attributes)) {
        const { type } = specOf(each);
        const field = attributeField(name);
        const order = type === 'keywords' ? 'contains' : 'ascending';
        index({ field, order }, { field: 'createdAt', order: 'descending' });
        if (type !== 'number' && type !== 'date') continue;
        for (const equal of ['status', 'workflow'])
          index({ field: equal, order: 'ascending' }, { field, order: 'descending' });
      }
  return [...found.values()].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
