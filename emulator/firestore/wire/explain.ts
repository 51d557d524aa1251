import { toProtoTime } from '../../wire/time.ts';
import type { IndexUsed } from '../index/explain.ts';

/** A microsecond, to which durations are told. */
const SHORTEST_MS = 0.001;

/** google.protobuf.Struct of texts and of structs. */
type Data = { readonly [name: string]: string | Data };

/** An ExplainMetrics with the plan alone. */
export function planOf(indexes: readonly IndexUsed[]): object {
  const indexesUsed = indexes.map(({ queryScope, properties }) =>
    structOf({ query_scope: queryScope, properties }),
  );
  return { planSummary: { indexesUsed } };
}

/** How the query ran, and for how many milliseconds. A duration is never told as none at all. */
export function metricsOf(scanned: number, returned: number, milliseconds: number): object {
  const billing = {
    documents_billable: String(returned),
    index_entries_billable: '0',
    small_ops: '0',
    min_query_cost: returned === 0 ? '1' : '0',
  };
  return {
    executionStats: {
      resultsReturned: String(returned),
      executionDuration: toProtoTime(Math.max(milliseconds, SHORTEST_MS)),
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
