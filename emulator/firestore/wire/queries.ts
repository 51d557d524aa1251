import type { Database } from '../database.ts';
import { partition } from '../partition.ts';
import type { Query } from '../query.ts';
import type { FirestoreStore } from '../store.ts';
import { metricsOf, planOf } from './explain.ts';
import { begun, type Caller, placeOf } from './names.ts';
import { readAggregation, readQuery } from './query.ts';
import {
  type PartitionQueryRequest,
  type RunAggregationQueryRequest,
  type RunQueryRequest,
  readConsistency,
} from './requests.ts';
import { readMicros, writeDocument, writeTime, writeValue } from './value.ts';

/** The methods that run queries. */
export function queryMethods(store: FirestoreStore) {
  return {
    async RunQuery(request: RunQueryRequest, { signal }: Caller) {
      const { database, path } = placeOf(store, request.parent);
      const query = readQuery(path, request.structuredQuery);
      const { explainOptions } = request;
      if (explainOptions && !explainOptions.analyze)
        return [{ explainMetrics: planOf(database.explain(query)) }];
      const result = await database.query(query, readConsistency(request, signal));
      const readTime = writeTime(result.readTime);
      const found = result.documents.map((document, index) => ({
        document: writeDocument(database.root, document),
        readTime,
        skippedResults: index === 0 ? result.skipped : 0,
        // What is explained is closed by its explanation.
        ...(index === result.documents.length - 1 && !explainOptions ? { done: true } : {}),
      }));
      const answers = [...begun(result.transaction), ...found];
      if (explainOptions)
        answers.push({ readTime, done: true, ...explained(database, query, result.scanned, found.length) });
      // A query without results still tells its read time.
      else if (found.length === 0) answers.push({ readTime, done: true, skippedResults: result.skipped });
      return answers;
    },

    async RunAggregationQuery(request: RunAggregationQueryRequest, { signal }: Caller) {
      const { database, path } = placeOf(store, request.parent);
      const { structuredQuery, aggregations = [] } = request.structuredAggregationQuery ?? {};
      const query = readQuery(path, structuredQuery);
      const { explainOptions } = request;
      if (explainOptions && !explainOptions.analyze)
        return [{ explainMetrics: planOf(database.explain(query)) }];
      const result = await database.aggregate(
        query,
        aggregations.map(readAggregation),
        readConsistency(request, signal),
      );
      const values = [...result.values].map(([alias, value]) => [alias, writeValue(value)]);
      const answer = {
        result: { aggregateFields: Object.fromEntries(values) },
        readTime: writeTime(result.readTime),
      };
      const metrics = explainOptions && explained(database, query, result.scanned, 1);
      return [...begun(result.transaction), answer, ...(metrics ? [metrics] : [])];
    },

    async PartitionQuery(request: PartitionQueryRequest) {
      const { database, path } = placeOf(store, request.parent);
      const { structuredQuery, partitionCount, readTime } = request;
      const query = readQuery(path, structuredQuery);
      const { documents } = await database.query(query, { readTime: readTime && readMicros(readTime) });
      const partitions = partition(documents, Number(partitionCount ?? 0)).map((each) => ({
        values: [{ referenceValue: `${database.root}/${each}` }],
        before: true,
      }));
      return { partitions, nextPageToken: '' };
    },
  };
}

function explained(database: Database, query: Query, scanned: number, returned: number): object {
  return { explainMetrics: { ...planOf(database.explain(query)), ...metricsOf(scanned, returned) } };
}
