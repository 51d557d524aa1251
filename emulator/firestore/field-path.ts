import { StatusError } from '../wire/status.ts';

/** The names that lead to a field: `['address', 'city']`. */
export type FieldPath = readonly string[];

/** The pseudo-field that stands for a document's name in queries. */
export const DOCUMENT_NAME: FieldPath = ['__name__'];

export function isDocumentName(field: FieldPath): boolean {
  return field.length === 1 && field[0] === '__name__';
}

const SIMPLE_NAME = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const NAME_OR_QUOTED = /([a-zA-Z_][a-zA-Z_0-9]*)|`((?:[^`\\]|\\.)+)`/y;

/** Reads `a.b` and `a.\`odd name\``, with backslash escapes inside back-quotes. @throws StatusError INVALID_ARGUMENT */
export function parseFieldPath(text: string): FieldPath {
  if (SIMPLE_NAME.test(text)) return [text];
  const names: string[] = [];
  let position = 0;
  for (;;) {
    NAME_OR_QUOTED.lastIndex = position;
    const match = NAME_OR_QUOTED.exec(text);
    if (!match) throw malformed(text);
    names.push(match[1] ?? (match[2] as string).replace(/\\(.)/g, '$1'));
    position = NAME_OR_QUOTED.lastIndex;
    if (position === text.length) return names;
    if (text[position] !== '.') throw malformed(text);
    position += 1;
  }
}

/** The text form, quoting where it must. */
export function formatFieldPath(field: FieldPath): string {
  return field
    .map((name) => (SIMPLE_NAME.test(name) ? name : `\`${name.replace(/[\\`]/g, '\\$&')}\``))
    .join('.');
}

export function sameField(a: FieldPath, b: FieldPath): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function malformed(text: string): StatusError {
  return new StatusError(
    'INVALID_ARGUMENT',
    `Invalid property path "${text}". Unquoted property paths must match regex ([a-zA-Z_][a-zA-Z_0-9]*), ` +
      'and quoted property paths must match regex (`(?:[^`\\\\]|(?:\\\\.))+`)',
  );
}
