import type { IndexUsed } from '../index/explain.ts';

/** google.protobuf.Struct of texts and of structs. */
type Data = { readonly [name: string]: string | Data };

/** An ExplainMetrics with the plan alone. */
export function planOf(indexes: readonly IndexUsed[]): object {
  const indexesUsed = indexes.map(({ queryScope, properties }) =>
    structOf({ query_scope: queryScope, properties }),
  );
  return { planSummary: { indexesUsed } };
}

/** How the query ran. Durations are not told: no time passes in the database. */
export function metricsOf(scanned: number, returned: number): object {
  const billing = {
    documents_billable: String(returned),
    index_entries_billable: '0',
    small_ops: '0',
    min_query_cost: returned === 0 ? '1' : '0',
  };
  return {
    executionStats: {
      resultsReturned: String(returned),
      executionDuration: { seconds: '0', nanos: 0 },
      readOperations: String(Math.max(1, returned)),
      debugStats: structOf({
        index_entries_scanned: String(scanned),
        documents_scanned: String(returned),
        billing_details: billing,
      }),
    },
  };
}

function structOf(data: Data): object {
  const fields = Object.entries(data).map(([name, value]) => [
    name,
    typeof value === 'string' ? { stringValue: value } : { structValue: structOf(value) },
  ]);
  return { fields: Object.fromEntries(fields) };
}
