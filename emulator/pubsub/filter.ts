import { type Attributes, matches } from './filter-expression.ts';
import { parseFilter } from './filter-parser.ts';

/** Whether a message with these attributes passes the filter. */
export type Filter = (attributes: Attributes) => boolean;

/**
 * Compiles the text of a filter; the empty text matches everything.
 * @throws StatusError INVALID_ARGUMENT naming the place and what was expected there.
 */
export function compileFilter(text: string): Filter {
  if (text === '') return () => true;
  const expression = parseFilter(text);
  return (attributes) => matches(expression, attributes);
}
