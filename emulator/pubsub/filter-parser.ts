import type { FilterExpression } from './filter-expression.ts';
import { filterError, type Token, tokenize } from './filter-lexer.ts';
import { requireWithin } from './invalid.ts';

/** https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax */
const MAX_FILTER_BYTES = 256;

/**
 * Recursive descent over
 *
 *     expression = term { "AND" term } | term { "OR" term }      (never both without parentheses)
 *     term       = [ "NOT" | "-" ] primary
 *     primary    = "(" expression ")"
 *                | "attributes" ":" key
 *                | "attributes" "." key ( "=" | "!=" ) string
 *                | "hasPrefix" "(" "attributes" "." key "," string ")"
 *     key        = word | string
 *
 * @throws StatusError INVALID_ARGUMENT naming the column and what was expected there.
 */
export function parseFilter(text: string): FilterExpression {
  requireWithin('filter length in bytes', Buffer.byteLength(text), 0, MAX_FILTER_BYTES);
  const tokens = tokenize(text);
  let position = 0;

  const peek = () => tokens[position] as Token;
  const isNext = (kind: Token['kind'], text: string) => peek().kind === kind && peek().text === text;
  const accept = (kind: Token['kind'], text: string) => {
    const found = isNext(kind, text);
    if (found) position += 1;
    return found;
  };
  const unexpected = (expected: string) => {
    const { kind, text, at } = peek();
    return filterError(
      at,
      `expected ${expected} but found ${kind === 'string' ? JSON.stringify(text) : text}`,
    );
  };
  const expectSymbol = (symbol: string) => {
    if (!accept('symbol', symbol)) throw unexpected(`"${symbol}"`);
  };

  function expression(): FilterExpression {
    const first = term();
    const operator = peek().text;
    if (peek().kind !== 'word' || (operator !== 'AND' && operator !== 'OR')) return first;
    const terms = [first];
    while (accept('word', operator)) terms.push(term());
    const other = operator === 'AND' ? 'OR' : 'AND';
    if (isNext('word', other))
      throw filterError(peek().at, 'AND and OR may be combined only with parentheses');
    return { kind: operator === 'AND' ? 'and' : 'or', of: terms };
  }

  function term(): FilterExpression {
    const negated = accept('word', 'NOT') || accept('symbol', '-');
    const of = primary();
    return negated ? { kind: 'not', of } : of;
  }

  function primary(): FilterExpression {
    if (accept('symbol', '(')) {
      const inner = expression();
      expectSymbol(')');
      return inner;
    }
    if (accept('word', 'hasPrefix')) return prefix();
    if (!accept('word', 'attributes')) throw unexpected('"attributes", "hasPrefix", "NOT", "-" or "("');
    if (accept('symbol', ':')) return { kind: 'has', key: key() };
    expectSymbol('.');
    return comparison(key());
  }

  function comparison(key: string): FilterExpression {
    const negated = accept('symbol', '!=');
    if (!negated && !accept('symbol', '=')) throw unexpected('"=" or "!="');
    const equals: FilterExpression = { kind: 'equals', key, value: stringLiteral() };
    return negated ? { kind: 'not', of: equals } : equals;
  }

  function prefix(): FilterExpression {
    expectSymbol('(');
    if (!accept('word', 'attributes')) throw unexpected('"attributes"');
    expectSymbol('.');
    const name = key();
    expectSymbol(',');
    const value = stringLiteral();
    expectSymbol(')');
    return { kind: 'prefix', key: name, value };
  }

  function key(): string {
    const { kind, text } = peek();
    if (kind !== 'word' && kind !== 'string') throw unexpected('an attribute key');
    position += 1;
    return text;
  }

  function stringLiteral(): string {
    const { kind, text } = peek();
    if (kind !== 'string') throw unexpected('a string literal in double quotes');
    position += 1;
    return text;
  }

  const whole = expression();
  if (peek().kind !== 'end') throw unexpected('AND, OR or the end of the filter');
  return whole;
}
