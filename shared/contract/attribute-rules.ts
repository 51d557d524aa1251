import type { WorkflowSpec } from './agent.ts';
import { MOST_ATTRIBUTES, specOf } from './attributes.ts';

/** A field of a document, without characters that a path of Firestore has to quote. */
const NAME = /^[a-z][A-Za-z0-9]{0,39}$/;
const TYPES: ReadonlySet<string> = new Set(['keyword', 'keywords', 'number', 'boolean', 'date']);

/** What is wrong with the attributes that a workflow declares: where, and the rule. */
export function* attributeProblems({
  attributes = {},
  input,
}: Pick<WorkflowSpec, 'attributes' | 'input'>): Generator<{ readonly at: string; readonly is: string }> {
  const entries = Object.entries(attributes);
  if (entries.length > MOST_ATTRIBUTES) yield { at: '', is: `has over ${MOST_ATTRIBUTES} attributes` };
  for (const [name, each] of entries) {
    const { type, from } = specOf(each);
    if (!NAME.test(name))
      yield { at: `.${name}`, is: 'must be 1 to 40 letters and digits, beginning with a lower-case letter' };
    if (!TYPES.has(type)) yield { at: `.${name}`, is: `has no type of these: ${[...TYPES].join(', ')}` };
    const [first = ''] = from?.split('.') ?? [];
    if (from !== undefined && 'shape' in input && !Object.hasOwn(input.shape as object, first))
      yield { at: `.${name}.from`, is: `${JSON.stringify(first)} is no field of the input` };
  }
}
