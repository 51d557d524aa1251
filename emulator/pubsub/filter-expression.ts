/**
 * A parsed subscription filter (https://cloud.google.com/pubsub/docs/subscription-message-filter): `has`, `equals` and
 * `prefix` ask about one attribute; `!=` is `not` of `equals`, so that a message without the attribute matches it.
 */
export type FilterExpression =
  | { readonly kind: 'has'; readonly key: string }
  | { readonly kind: 'equals'; readonly key: string; readonly value: string }
  | { readonly kind: 'prefix'; readonly key: string; readonly value: string }
  | { readonly kind: 'not'; readonly of: FilterExpression }
  | { readonly kind: 'and' | 'or'; readonly of: readonly FilterExpression[] };

export type Attributes = Readonly<Record<string, string>>;

/** Whether a message with these attributes passes. */
export function matches(expression: FilterExpression, attributes: Attributes): boolean {
  switch (expression.kind) {
    case 'has':
      return Object.hasOwn(attributes, expression.key);
    case 'equals':
      return attributeOf(attributes, expression.key) === expression.value;
    case 'prefix':
      return attributeOf(attributes, expression.key)?.startsWith(expression.value) ?? false;
    case 'not':
      return !matches(expression.of, attributes);
    case 'and':
      return expression.of.every((term) => matches(term, attributes));
    case 'or':
      return expression.of.some((term) => matches(term, attributes));
  }
}

function attributeOf(attributes: Attributes, key: string): string | undefined {
  return Object.hasOwn(attributes, key) ? attributes[key] : undefined;
}
