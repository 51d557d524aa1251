import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileFilter } from '../../../emulator/pubsub/filter.ts';
import { type FilterExpression, matches } from '../../../emulator/pubsub/filter-expression.ts';
import { parseFilter } from '../../../emulator/pubsub/filter-parser.ts';

const message = { domain: 'com', 'iana.org/language_tag': 'en', 'ce-type': 'orders.paid', empty: '' };

describe('a filter', () => {
  test.each([
    ['', true],
    ['attributes:domain', true],
    ['attributes:missing', false],
    ['attributes:empty', true],
    ['attributes.domain = "com"', true],
    ['attributes.domain="com"', true],
    ['attributes.domain = "Com"', false],
    ['attributes.domain != "com"', false],
    ['attributes.missing != "com"', true],
    ['attributes.missing = ""', false],
    ['attributes.ce-type = "orders.paid"', true],
    ['attributes:"iana.org/language_tag"', true],
    ['attributes."iana.org/language_tag" = "en"', true],
    ['hasPrefix(attributes.domain, "co")', true],
    ['hasPrefix(attributes.domain, "")', true],
    ['hasPrefix(attributes.missing, "")', false],
    ['NOT attributes:domain', false],
    ['-attributes:domain', false],
    ['NOT (attributes:missing OR attributes.domain = "org")', true],
    ['NOT attributes:missing AND attributes:domain', true],
    ['attributes:missing OR attributes:x OR attributes:domain', true],
    ['attributes:domain AND (attributes:missing OR -attributes:x)', true],
    ['((attributes:domain))', true],
    ['attributes:toString', false],
    ['attributes.domain = "\\x63\\u006f\\155"', true],
  ])('%s', (filter, expected) => {
    expect(compileFilter(filter)(message)).toBe(expected);
  });

  test.each([
    ['attributes:a AND attributes:b OR attributes:c', 'parentheses at column 31'],
    ['attributes:a OR attributes:b AND attributes:c', 'parentheses'],
    ['attributes:a and attributes:b', 'expected AND, OR or the end of the filter but found and'],
    ['attributes.a', 'expected "=" or "!=" but found end of filter'],
    ['attributes.a = b', 'expected a string literal in double quotes but found b'],
    ['attributes.a = "b', 'unterminated string at column 16'],
    ['attributes.a > "b"', 'unexpected ">"'],
    ['attributes.a = "\\q"', 'invalid escape sequence \\q'],
    ['hasPrefix(attributes.a)', 'expected ","'],
    ['hasSuffix(attributes.a, "b")', 'found hasSuffix'],
    ['data = "x"', 'found data'],
    ['attributes:a.b = "c"', 'found .'],
    ['attributes:', 'an attribute key'],
    ['NOT', 'end of filter'],
    ['(attributes:a', 'expected ")"'],
    [' ', 'found end of filter'],
  ])('%s is refused: %s', (filter, message) => {
    expect(() => compileFilter(filter)).toThrow(
      expect.objectContaining({ status: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });

  test('may be 256 bytes long and no longer', () => {
    const ofBytes = (length: number) => `attributes:"${'é'.repeat((length - 13) / 2)}"`;
    expect(() => compileFilter(ofBytes(255))).not.toThrow();
    expect(() => compileFilter(ofBytes(257))).toThrow('too large');
  });

  test('that was printed from any expression parses to the same expression', () => {
    const key = fc.oneof(fc.constantFrom('a', 'ce-type', 'AND', 'attributes'), fc.string({ maxLength: 4 }));
    const leaf: fc.Arbitrary<FilterExpression> = fc.oneof(
      fc.record({ kind: fc.constant('has' as const), key }),
      fc.record({
        kind: fc.constantFrom('equals' as const, 'prefix' as const),
        key,
        value: fc.string({ maxLength: 4 }),
      }),
    );
    const { tree } = fc.letrec<{ tree: FilterExpression }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        leaf,
        fc.record({ kind: fc.constant('not' as const), of: tie('tree') }),
        fc.record({
          kind: fc.constantFrom('and' as const, 'or' as const),
          of: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
        }),
      ),
    }));
    fc.assert(
      fc.property(tree, (expression) => {
        const text = print(expression);
        fc.pre(Buffer.byteLength(text) <= 256);
        expect(parseFilter(text)).toEqual(expression);
      }),
    );
  });

  test('never fails but with INVALID_ARGUMENT, whatever the text', () => {
    const pieces = fc.constantFrom(
      'attributes',
      ':',
      '.',
      '=',
      '!=',
      '(',
      ')',
      'AND',
      'NOT',
      '-',
      '"a"',
      'x',
      '"',
      ' ',
      '\\',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (words) => {
        try {
          compileFilter(words.join(''))({});
        } catch (error) {
          expect(error).toMatchObject({ status: 'INVALID_ARGUMENT' });
        }
      }),
    );
  });

  test('negates with NOT, and follows De Morgan', () => {
    const attributes = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'));
    const parse = (text: string) => parseFilter(text);
    fc.assert(
      fc.property(attributes, (given) => {
        const both = parse('NOT (attributes.a = "x" AND attributes:b)');
        const either = parse('attributes.a != "x" OR -attributes:b');
        expect(matches(both, given)).toBe(matches(either, given));
      }),
    );
  });
});

function print(expression: FilterExpression): string {
  switch (expression.kind) {
    case 'has':
      return `attributes:${quote(expression.key)}`;
    case 'equals':
      return `attributes.${quote(expression.key)} = ${quote(expression.value)}`;
    case 'prefix':
      return `hasPrefix(attributes.${quote(expression.key)}, ${quote(expression.value)})`;
    case 'not':
      return `NOT (${print(expression.of)})`;
    default:
      return expression.of
        .map((term) => `(${print(term)})`)
        .join(expression.kind === 'and' ? ' AND ' : ' OR ');
  }
}

/** A string literal: everything but letters and digits escaped. */
function quote(text: string): string {
  const escaped = Array.from(text, (letter) => {
    if (/[A-Za-z0-9]/.test(letter)) return letter;
    return `\\U${(letter.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
  });
  return `"${escaped.join('')}"`;
}
