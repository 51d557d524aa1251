import { StatusError } from '../wire/status.ts';

/** A value that a filter may name, by its field: `name`, `state`, `labels.env`. */
export type FieldOf<T> = (item: T, field: string) => string | undefined;

const TERM = /^([A-Za-z_]+(?:\.[\w-]+)?)(!=|=|:)("[^"]*"|[^\s"()]+)$/;
const PARTS = /[^\s"]*"[^"]*"|[^\s"]+/g;

/**
 * Filters of lists (https://cloud.google.com/secret-manager/docs/filtering), of those these: `field:part`, `field=value` and
 * `field!=value`, and words that a name must hold, all of which must be true.
 *
 * @throws StatusError INVALID_ARGUMENT for what it cannot tell
 */
export function filterOf<T>(filter: string, fieldOf: FieldOf<T>): (item: T) => boolean {
  const terms = (filter.match(PARTS) ?? []).filter((part) => part !== 'AND');
  const tests = terms.map((term): ((item: T) => boolean) => {
    if (/^[\w-]+$/.test(term) && term !== 'OR' && term !== 'NOT') {
      return (item) => fieldOf(item, 'name')?.includes(term) ?? false;
    }
    const [, field = '', operator, quoted = ''] = TERM.exec(term) ?? [];
    if (operator === undefined) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `Invalid filter at ${JSON.stringify(term)}: expected terms such as name:part, labels.KEY=value or state:ENABLED, joined by AND.`,
      );
    }
    const value = quoted.replace(/^"|"$/g, '');
    if (operator === ':') return (item) => fieldOf(item, field)?.includes(value) ?? false;
    return (item) => (fieldOf(item, field) === value) === (operator === '=');
  });
  return (item) => tests.every((test) => test(item));
}
