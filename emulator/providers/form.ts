/** A form with nested keys, as `a[b][0]=c` is written. Lists are objects with the keys 0, 1, …, as they came. */
export interface Form {
  readonly [key: string]: FormValue;
}

export type FormValue = string | Form;

interface Fields {
  [key: string]: string | Fields;
}

/** Reads `application/x-www-form-urlencoded` text. Of two values for one key the last one counts; `a[]` appends. */
export function parseForm(text: string): Form {
  const form = newFields();
  for (const [name, value] of new URLSearchParams(text)) {
    const [, head = name, tail = ''] = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name) ?? [];
    const keys = [head, ...[...tail.matchAll(/\[([^[\]]*)\]/g)].map(([, key = '']) => key)];
    put(form, keys, value);
  }
  return form;
}

function put(fields: Fields, [head = '', ...rest]: string[], value: string): void {
  const key = head === '' ? String(Object.keys(fields).length) : head;
  if (rest.length === 0) {
    fields[key] = value;
    return;
  }
  const held = fields[key];
  const inner = typeof held === 'object' ? held : newFields();
  fields[key] = inner;
  put(inner, rest, value);
}

/** Without a prototype, so that a key like `__proto__` is a key like any other. */
function newFields(): Fields {
  return Object.create(null) as Fields;
}
