import { type Document, project } from './document.ts';
import { DOCUMENT_NAME, type FieldPath, formatFieldPath, isDocumentName, sameField } from './field-path.ts';
import { isInequality, leavesOf, matches, queryValue } from './filter.ts';
import { compareValues } from './order.ts';
import { collectionOf, compareNames } from './path.ts';
import type { Cursor, Order, Query } from './query.ts';
import { checkQuery } from './query-check.ts';
import { collectionInScope } from './storage.ts';
import { compareUtf8 } from './utf8.ts';
import type { Value } from './value.ts';

/** A query that was checked, with all its orders written out, ready to judge documents. */
export class PreparedQuery {
  readonly query: Query;
  /** Explicit and implicit orders; the last is by name, so that no two documents are equal. */
  readonly orders: readonly Order[];
  /** How many orders right before the name's are there for an aggregation alone: in any sequence among themselves. */
  readonly aggregatedOrders: number;
  readonly #root: string;

  /**
   * `root` is the database's `…/documents`. `aggregated` are fields that an index of the query must have besides, for sums and averages.
   * @throws StatusError INVALID_ARGUMENT when the query is not a valid one.
   */
  constructor(query: Query, root: string, aggregated: readonly FieldPath[] = []) {
    this.query = query;
    this.#root = root;
    checkQuery(query);
    const orders = allOrders(query);
    this.orders = withAggregated(orders, aggregated);
    this.aggregatedOrders = this.orders.length - orders.length;
  }

  /** Whether a document is among the results, but for offset and limit. */
  selects(document: Document): boolean {
    return (
      collectionInScope(this.query.scope, collectionOf(document.path)) &&
      this.passes(document) &&
      !this.startsAfter(document) &&
      !this.endsBefore(document)
    );
  }

  /** Whether a document in scope passes the filter and has every field that the results are ordered by. */
  passes(document: Document): boolean {
    const { where } = this.query;
    if (where && !matches(where, document, this.#root)) return false;
    return this.orders.every(
      ({ field }) => isDocumentName(field) || queryValue(document, field, this.#root) !== undefined,
    );
  }

  /** Whether the results begin after this document. */
  startsAfter(document: Document): boolean {
    const { startAt } = this.query;
    if (!startAt) return false;
    const order = this.#compareTo(document, startAt);
    return startAt.before ? order < 0 : order <= 0;
  }

  /** Whether the results end before this document. */
  endsBefore(document: Document): boolean {
    const { endAt } = this.query;
    if (!endAt) return false;
    const order = this.#compareTo(document, endAt);
    return endAt.before ? order >= 0 : order > 0;
  }

  readonly compare = (a: Document, b: Document): number => {
    for (const { field, direction } of this.orders) {
      const order = isDocumentName(field)
        ? compareNames(a.path, b.path)
        : compareValues(this.#value(a, field), this.#value(b, field));
      if (order !== 0) return direction === 'asc' ? order : -order;
    }
    return 0;
  };

  /** The document as the query returns it. */
  project(document: Document): Document {
    const { select } = this.query;
    return select ? { ...document, fields: project(document.fields, select) } : document;
  }

  #compareTo(document: Document, { values }: Cursor): number {
    for (const [index, value] of values.entries()) {
      const { field, direction } = this.orders[index] as Order;
      const order = compareValues(this.#value(document, field), value);
      if (order !== 0) return direction === 'asc' ? order : -order;
    }
    return 0;
  }

  #value(document: Document, field: FieldPath): Value {
    return queryValue(document, field, this.#root) as Value;
  }
}

/** Fields that are aggregated come last but for the name, in the sequence of their names and the direction of the name. */
function withAggregated(orders: readonly Order[], aggregated: readonly FieldPath[]): readonly Order[] {
  const direction = orders.at(-1)?.direction ?? 'asc';
  const ordered = new Set(orders.map(({ field }) => formatFieldPath(field)));
  const more = new Map(aggregated.map((field) => [formatFieldPath(field), field]));
  const added = [...more].filter(([path]) => !ordered.has(path)).sort(([a], [b]) => compareUtf8(a, b));
  if (added.length === 0) return orders;
  const fields = orders.filter(({ field }) => !isDocumentName(field));
  return [
    ...fields,
    ...added.map(([, field]) => ({ field, direction })),
    ...orders.filter(({ field }) => isDocumentName(field)),
  ];
}

/**
 * The given orders, then the fields of inequality filters in the order of their names, then the document's name, in the direction
 * of the last given one (documented with StructuredQuery.order_by).
 */
function allOrders({ where, orderBy = [] }: Query): readonly Order[] {
  const orders = [...orderBy];
  const direction = orders.at(-1)?.direction ?? 'asc';
  const ranged = where ? [...leavesOf(where)].filter(isInequality).map(({ field }) => field) : [];
  ranged.sort((a, b) => compareUtf8(formatFieldPath(a), formatFieldPath(b)));
  for (const field of [...ranged.filter((each) => !isDocumentName(each)), DOCUMENT_NAME])
    if (!orders.some((order) => sameField(order.field, field) || isDocumentName(order.field)))
      orders.push({ field, direction });
  return orders;
}
