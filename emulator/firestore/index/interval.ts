import { type FieldFilter, isFieldFilter, type UnaryFilter } from '../filter.ts';
import { classOf, compareValues } from '../order.ts';
import { isNaNValue, type Value } from '../value.ts';

/** A range of values, in their ascending order, as two monotone judgements. */
export interface Interval {
  readonly below: (value: Value) => boolean;
  readonly beyond: (value: Value) => boolean;
}

const never = () => false;
const isNull = (value: Value) => value.type === 'null';

/**
 * The ranges, ascending and disjoint, in which all values lie that pass the filters, which are of one field. They may hold
 * more: that is for the filter itself to judge.
 */
export function intervalsOf(filters: readonly (FieldFilter | UnaryFilter)[]): readonly Interval[] {
  return filters
    .map(intervalsOfOne)
    .reduce(
      (all, part) => all.flatMap((left) => part.map((right) => intersection(left, right))),
      [{ below: never, beyond: never }],
    );
}

function intervalsOfOne(filter: FieldFilter | UnaryFilter): readonly Interval[] {
  if (!isFieldFilter(filter)) return [{ below: filter.op === 'is-null' ? never : isNull, beyond: never }];
  const { op, value: bound } = filter;
  const least = (value: Value) => classOf(value) < classOf(bound);
  const most = (value: Value) => classOf(value) > classOf(bound);
  switch (op) {
    case '==':
      return [
        { below: (each) => compareValues(each, bound) < 0, beyond: (each) => compareValues(each, bound) > 0 },
      ];
    case '<':
      return [{ below: least, beyond: (each) => compareValues(each, bound) >= 0 }];
    case '<=':
      return [{ below: least, beyond: (each) => compareValues(each, bound) > 0 }];
    case '>':
      return [{ below: (each) => compareValues(each, bound) <= 0, beyond: most }];
    case '>=':
      return [{ below: (each) => compareValues(each, bound) < 0, beyond: most }];
    case '!=':
      return around([bound]);
    case 'not-in':
      return around(bound.type === 'array' ? bound.values : []);
    default:
      return [{ below: never, beyond: never }];
  }
}

/** Between null and the values, and between one and the next. Nothing equals NaN, so it excludes nothing. */
function around(excluded: readonly Value[]): readonly Interval[] {
  const values = excluded.filter((value) => !isNaNValue(value)).sort(compareValues);
  return [undefined, ...values].map((value, at) => {
    const next = values[at];
    return {
      below: (each: Value) => isNull(each) || (value !== undefined && compareValues(each, value) <= 0),
      beyond: next ? (each: Value) => compareValues(each, next) >= 0 : never,
    };
  });
}

/** Where both hold. */
export function intersection(a: Interval, b: Interval): Interval {
  if (a.below === never && a.beyond === never) return b;
  return {
    below: (value) => a.below(value) || b.below(value),
    beyond: (value) => a.beyond(value) || b.beyond(value),
  };
}
