import type { IndexUsed } from '../index/explain.ts';
import { partition } from '../partition.ts';
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
      const begunAt = performance.now();
      const result = await database.query(query, readConsistency(request, signal));
      const took = performance.now() - begunAt;
      const readTime = writeTime(result.readTime);
      const found = result.documents.map((document, index) => ({
        document: writeDocument(database.root, document),
        readTime,
        skippedResults: index === 0 ? result.skipped : 0,
      }));
      // A query without results still tells its read time.
      const last = found.pop() ?? { readTime, skippedResults: result.skipped };
      const returned = result.documents.length;
      const metrics =
        explainOptions && explained(database.explain(query), metricsOf(result.scanned, returned, took));
      return [...begun(result.transaction), ...found, { ...last, done: true, ...metrics }];
    },

    async RunAggregationQuery(request: RunAggregationQueryRequest, { signal }: Caller) {
      const { database, path } = placeOf(store, request.parent);
      const { structuredQuery, aggregations = [] } = request.structuredAggregationQuery ?? {};
      const query = readQuery(path, structuredQuery);
      const { explainOptions } = request;
      const aggregated = aggregations.map(readAggregation);
      if (explainOptions && !explainOptions.analyze)
        return [{ explainMetrics: planOf(database.explain(query, aggregated)) }];
      const begunAt = performance.now();
      const result = await database.aggregate(query, aggregated, readConsistency(request, signal));
      const took = performance.now() - begunAt;
      const values = [...result.values].map(([alias, value]) => [alias, writeValue(value)]);
      const answer = {
        result: { aggregateFields: Object.fromEntries(values) },
        readTime: writeTime(result.readTime),
      };
      const metrics =
        explainOptions && explained(database.explain(query, aggregated), metricsOf(result.scanned, 1, took));
      return [...begun(result.transaction), { ...answer, ...metrics }];
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

function explained(indexes: readonly IndexUsed[], metrics: object): object {
  return { explainMetrics: { ...planOf(indexes), ...metrics } };
}
