import { formatFieldPath } from '../field-path.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { plansFor } from './plan.ts';

/** https://cloud.google.com/firestore/docs/query-explain#plan_summary */
export interface IndexUsed {
  readonly queryScope: 'Collection' | 'Collection group';
  /** `(status ASC, createdAt DESC, __name__ DESC)` */
  readonly properties: string;
}

/** The indexes that a query reads, each once. */
export function indexesUsed(prepared: PreparedQuery, root: string): IndexUsed[] {
  const queryScope = prepared.query.scope.allDescendants ? 'Collection group' : 'Collection';
  const all = plansFor(prepared, root).map((plan) => {
    if (plan.kind === 'lookup') return '(__name__ ASC)';
    const turned = {
      asc: plan.reverse ? 'DESC' : 'ASC',
      desc: plan.reverse ? 'ASC' : 'DESC',
      contains: 'CONTAINS',
    };
    const parts = plan.parts.map(({ field, mode }, at) => {
      // Of an equality the direction does not matter.
      const shown = at < plan.prefix.length && mode !== 'contains' ? 'ASC' : turned[mode];
      return `${formatFieldPath(field)} ${shown}`;
    });
    return `(${[...parts, `__name__ ${turned.asc}`].join(', ')})`;
  });
  return [...new Set(all)].map((properties) => ({ queryScope, properties }));
}
